import HubBackplane
import NIOCore

/// What nodes say to each other about a stream that one of them produces, on the channel of the node that is to hear it.
///
///     'S' (chunk streams)  kind:u8  id:32 digits  epoch:u32
///         [2 hole: after:u32]  [3 question: asker's node]  [4 answer: isProduced:u8]
///         [5 follow: tag:u64  after:u32  follower's node]  [6 followed: last:u32  entry]
///         [7 unfollow: tag:u64  follower's node]
///
/// The first byte tells these messages from others on the same channel; readers ignore what follows the fields.
enum NodeMessage: Equatable {
    /// End the stream, if it is still in this epoch.
    case stop(ChunkStreamID, epoch: UInt64)
    /// A reader found that the log lacks something.
    case hole(ChunkStreamID, LogHole)
    /// Do you still produce the stream?
    case question(ChunkStreamID, epoch: UInt64, asker: NodeID)
    /// Whether the sender produces the stream.
    case answer(ChunkStreamID, epoch: UInt64, isProduced: Bool)
    /// Tell a node what is appended.
    case follow(ChunkStreamID, FollowRequest)
    /// The sender does so from now on; what it has appended up to then, and an entry with as much of it as one may have.
    case followed(ChunkStreamID, epoch: UInt64, last: UInt64, entry: ByteBuffer)
    /// Nobody reads the stream on this node any more.
    case unfollow(ChunkStreamID, epoch: UInt64, tag: UInt64, follower: NodeID)

    private static let first = UInt8(ascii: "S")

    private enum Kind: UInt8 {
        case stop = 1
        case hole = 2
        case question = 3
        case answer = 4
        case follow = 5
        case followed = 6
        case unfollow = 7
    }

    init?(payload: ByteBuffer) {
        var payload = payload
        guard payload.readInteger() == Self.first, let kind = payload.readInteger().flatMap(Kind.init(rawValue:)),
            let digits = payload.readString(length: 32), let id = ChunkStreamID(digits),
            let epoch = payload.readInteger(as: UInt32.self).map(UInt64.init)
        else { return nil }
        switch kind {
        case .stop:
            self = .stop(id, epoch: epoch)
        case .hole:
            guard let after: UInt32 = payload.readInteger() else { return nil }
            self = .hole(id, LogHole(epoch: epoch, after: UInt64(after)))
        case .question:
            self = .question(id, epoch: epoch, asker: NodeID(String(buffer: payload)))
        case .answer:
            guard let isProduced: UInt8 = payload.readInteger() else { return nil }
            self = .answer(id, epoch: epoch, isProduced: isProduced == 1)
        case .follow:
            guard let (tag, after) = payload.readMultipleIntegers(as: (UInt64, UInt32).self) else { return nil }
            let follower = NodeID(String(buffer: payload))
            self = .follow(
                id, FollowRequest(epoch: epoch, tag: tag, after: UInt64(after), follower: follower))
        case .followed:
            guard let last: UInt32 = payload.readInteger() else { return nil }
            self = .followed(id, epoch: epoch, last: UInt64(last), entry: payload)
        case .unfollow:
            guard let tag: UInt64 = payload.readInteger() else { return nil }
            self = .unfollow(id, epoch: epoch, tag: tag, follower: NodeID(String(buffer: payload)))
        }
    }

    var payload: ByteBuffer {
        switch self {
        case .stop(let id, let epoch):
            return Self.head(.stop, id, epoch)
        case .hole(let id, let hole):
            var buffer = Self.head(.hole, id, hole.epoch)
            buffer.writeInteger(UInt32(truncatingIfNeeded: hole.after))
            return buffer
        case .question(let id, let epoch, let asker):
            var buffer = Self.head(.question, id, epoch)
            buffer.writeString(asker.rawValue)
            return buffer
        case .answer(let id, let epoch, let isProduced):
            var buffer = Self.head(.answer, id, epoch)
            buffer.writeInteger(UInt8(isProduced ? 1 : 0))
            return buffer
        case .follow(let id, let request):
            var buffer = Self.head(.follow, id, request.epoch)
            buffer.writeMultipleIntegers(request.tag, UInt32(truncatingIfNeeded: request.after))
            buffer.writeString(request.follower.rawValue)
            return buffer
        case .followed(let id, let epoch, let last, let entry):
            var buffer = Self.head(.followed, id, epoch)
            buffer.writeInteger(UInt32(truncatingIfNeeded: last))
            buffer.writeImmutableBuffer(entry)
            return buffer
        case .unfollow(let id, let epoch, let tag, let follower):
            var buffer = Self.head(.unfollow, id, epoch)
            buffer.writeInteger(tag)
            buffer.writeString(follower.rawValue)
            return buffer
        }
    }

    private static func head(_ kind: Kind, _ id: ChunkStreamID, _ epoch: UInt64) -> ByteBuffer {
        var buffer = ByteBuffer()
        buffer.writeInteger(first)
        buffer.writeInteger(kind.rawValue)
        buffer.writeString(id.rawValue)
        buffer.writeInteger(UInt32(truncatingIfNeeded: epoch))
        return buffer
    }
}

/// A node that reads a stream asks its producer to be told what is appended.
struct FollowRequest: Sendable, Equatable {
    /// Only the producer of this epoch is meant.
    var epoch: UInt64
    /// What the asking node calls the stream.
    var tag: UInt64
    /// The last chunk that it knows.
    var after: UInt64
    var follower: NodeID
}
