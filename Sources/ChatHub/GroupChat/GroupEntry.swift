import ChunkStreams
import HubBackplane
import NIOCore

/// One entry of a group's log.
///
/// Written down as version:u8 = 1, kind:u8, epoch:u64, seq:u64, at:u64 in milliseconds since 1970, then what the kind has:
/// message: userName:str8, connection:str8, text; reply: id: 32 digits, userName:str8; replied: id: 32 digits, text.
struct GroupEntry: Sendable, Equatable {
    enum Content: Sendable, Equatable {
        /// Somebody said something, over this connection.
        case message(userName: String, text: String, connection: String)
        /// Somebody has asked, and the model replies with this stream.
        case reply(ChunkStreamID, askedBy: String)
        /// The reply has ended; the text that stands.
        case replied(ChunkStreamID, text: String)
    }

    private static let version: UInt8 = 1

    /// The entry's place in the log. The epoch is when the log was begun, so that ids grow even where one was lost.
    let id: LogID
    let at: Int64
    let content: Content

    init(id: LogID, at: Int64, content: Content) {
        self.id = id
        self.at = at
        self.content = content
    }

    init?(payload: ByteBuffer) {
        var payload = payload
        guard payload.readInteger() == Self.version, let kind: UInt8 = payload.readInteger(),
            let epoch: UInt64 = payload.readInteger(), let seq: UInt64 = payload.readInteger(),
            let at: Int64 = payload.readInteger(), let content = Content(kind: kind, &payload)
        else { return nil }
        self.init(id: LogID(epoch: epoch, seq: seq), at: at, content: content)
    }

    var payload: ByteBuffer {
        var buffer = ByteBuffer()
        buffer.writeInteger(Self.version)
        buffer.writeInteger(content.kind)
        buffer.writeInteger(id.epoch)
        buffer.writeInteger(id.seq)
        buffer.writeInteger(at)
        switch content {
        case .message(let userName, let text, let connection):
            buffer.writeString8(userName)
            buffer.writeString8(connection)
            buffer.writeString(text)
        case .reply(let id, let askedBy):
            buffer.writeString(id.rawValue)
            buffer.writeString8(askedBy)
        case .replied(let id, let text):
            buffer.writeString(id.rawValue)
            buffer.writeString(text)
        }
        return buffer
    }
}

extension GroupEntry.Content {
    fileprivate var kind: UInt8 {
        switch self {
        case .message: 1
        case .reply: 2
        case .replied: 3
        }
    }

    fileprivate init?(kind: UInt8, _ rest: inout ByteBuffer) {
        switch kind {
        case 1:
            guard let userName = rest.readString8(), let connection = rest.readString8() else { return nil }
            self = .message(userName: userName, text: String(buffer: rest), connection: connection)
        case 2:
            guard let id = rest.readString(length: 32).flatMap(ChunkStreamID.init), let askedBy = rest.readString8()
            else { return nil }
            self = .reply(id, askedBy: askedBy)
        case 3:
            guard let id = rest.readString(length: 32).flatMap(ChunkStreamID.init) else { return nil }
            self = .replied(id, text: String(buffer: rest))
        default:
            return nil
        }
    }
}
