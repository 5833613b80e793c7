/// Makes connection ids: 16 random bytes as 22 characters (TransportProtocols.md, "POST [endpoint-base]/negotiate").
package enum ConnectionID {
    static let byteCount = 16

    /// A new id, for a client that connects without negotiating.
    package static func random() -> String { Base64URL.encode(randomBytes()) }

    static func randomBytes() -> [UInt8] {
        var generator = SystemRandomNumberGenerator()
        let words: (UInt64, UInt64) = (generator.next(), generator.next())
        return withUnsafeBytes(of: words) { Array($0) }
    }
}
