package import NIOCore

/// The two encodings of the hub protocol (HubProtocol.md, "JSON Encoding" and "MessagePack (MsgPack) encoding").
///
/// A connection has one from its handshake on. The raw values number them in messages between nodes.
package enum HubEncoding: UInt8, Sendable, CaseIterable {
    case json = 1
    case messagePack = 2

    /// The highest version of the hub protocol, in both encodings.
    package static let highestVersion = 2
    /// The version that has Ack and Sequence. A client says it where stateful reconnect was agreed on.
    package static let statefulReconnectVersion = 2

    /// - Parameter name: the `protocol` of a handshake, in any case.
    package init?(name: String) {
        switch name.lowercased() {
        case JSONHubProtocol.name: self = .json
        case MessagePackHubProtocol.name: self = .messagePack
        default: return nil
        }
    }

    /// The name in the handshake.
    package var name: String {
        switch self {
        case .json: JSONHubProtocol.name
        case .messagePack: MessagePackHubProtocol.name
        }
    }

    /// What a transport must be able to carry.
    package var transferFormat: TransferFormat {
        switch self {
        case .json: .text
        case .messagePack: .binary
        }
    }

    /// Reads one record as ``RecordSplitter`` gives it.
    package func parse(_ record: ByteBuffer) throws(HubProtocolError) -> HubMessage {
        switch self {
        case .json: try JSONHubProtocol.parse(record)
        case .messagePack: try MessagePackHubProtocol.parse(record)
        }
    }

    /// Appends one whole framed message. Raw values in it must be of this encoding.
    package func write(_ message: HubMessage, into buffer: inout ByteBuffer) {
        switch self {
        case .json: JSONHubProtocol.write(message, into: &buffer)
        case .messagePack: MessagePackHubProtocol.write(message, into: &buffer)
        }
    }
}
