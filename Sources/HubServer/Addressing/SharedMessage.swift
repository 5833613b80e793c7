import HubProtocol
import NIOCore

/// A message for connections of either encoding, encoded at most once in each.
///
/// Between nodes it travels as JSON, and a node that has a MessagePack client among its receivers makes MessagePack of that
/// when the first one is met. Only where JSON does not tell all (bytes, dates and the like, see
/// ``HubValue/isExactInJSON``) the sender adds the MessagePack. So nodes whose clients speak JSON pay nothing for those
/// that do not: they write what came as it is. Sending both always, as ASP.NET does, would make a chat message of 100
/// characters 63 % longer on the backplane (341 bytes instead of 208), for everybody; sending MessagePack alone would make
/// it 16 % shorter, but every node would have to encode JSON from it, for nearly all clients there are.
struct SharedMessage: Sendable, Equatable {
    /// One or several framed messages.
    let json: ByteBuffer
    /// The same, where it goes along between nodes.
    let messagePack: ByteBuffer?

    init(json: ByteBuffer, messagePack: ByteBuffer? = nil) {
        self.json = json
        self.messagePack = messagePack
    }

    /// A fire-and-forget invocation.
    ///
    /// - Throws: `EncodingError` where JSON has no form for an argument.
    init(target: String, _ arguments: [HubValue]) throws {
        let isExact = arguments.allSatisfy(\.isExactInJSON)
        json = try HubEncoding.json.invocation(of: target, arguments)
        messagePack = isExact ? nil : try HubEncoding.messagePack.invocation(of: target, arguments)
    }

    /// Puts the message into the outboxes of connections.
    func enqueue(for connections: some Sequence<HubConnection>) {
        var made: ByteBuffer?
        for connection in connections {
            switch connection.encoding {
            case .json:
                connection.enqueue(json)
            case .messagePack:
                let bytes = made ?? self.bytes(in: .messagePack)
                made = bytes
                connection.enqueue(bytes)
            }
        }
    }

    func bytes(in encoding: HubEncoding) -> ByteBuffer {
        switch encoding {
        case .json: json
        case .messagePack: messagePack ?? transcoded()
        }
    }

    /// What no node of ours has written makes an empty message.
    private func transcoded() -> ByteBuffer {
        var bytes = ByteBuffer()
        try? MessagePackHubProtocol.write(transcoding: json, into: &bytes)
        return bytes
    }
}
