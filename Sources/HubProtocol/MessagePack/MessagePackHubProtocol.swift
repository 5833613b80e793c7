/// The hub protocol's MessagePack encoding (HubProtocol.md, "MessagePack (MsgPack) encoding"): one array per message, each
/// behind its length in bytes as a variable-length integer.
package enum MessagePackHubProtocol {
    /// The name in the handshake.
    package static let name = "messagepack"
    /// How deep arrays and maps may lie in each other, the message's own array included: as in JSON.
    package static let maximumDepth = 64
    /// The most bytes of a message's length: seven bits in each, the least significant ones first.
    static let maximumLengthSize = 5
}
