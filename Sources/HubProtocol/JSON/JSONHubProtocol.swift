/// The hub protocol's JSON encoding (HubProtocol.md, "JSON Encoding"): one object per message, each ended by 0x1E.
package enum JSONHubProtocol {
    /// The name in the handshake.
    package static let name = "json"
    /// Ends every record; it can occur inside none, since JSON strings escape control characters.
    package static let recordSeparator: UInt8 = 0x1E
    /// How deep arrays and objects may lie in each other, the message's own object included. ASP.NET's limit.
    package static let maximumDepth = 64
}
