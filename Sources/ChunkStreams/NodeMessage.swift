import NIOCore

/// What nodes say to the node that produces a stream, on its channel.
///
///     'S' (chunk streams)  kind:u8  id:32 digits  [stop: epoch:u32]
///
/// The first byte tells these messages from others on the same channel; readers ignore what follows the fields.
enum NodeMessage: Equatable {
    /// End the stream, if it is still in this epoch.
    case stop(ChunkStreamID, epoch: UInt64)
    /// A reader found a hole in the log.
    case compare(ChunkStreamID)

    private static let first = UInt8(ascii: "S")
    private static let stopKind: UInt8 = 1
    private static let compareKind: UInt8 = 2

    init?(payload: ByteBuffer) {
        var payload = payload
        guard payload.readInteger() == Self.first, let kind: UInt8 = payload.readInteger(),
            let digits = payload.readString(length: 32), let id = ChunkStreamID(digits)
        else { return nil }
        switch kind {
        case Self.stopKind:
            guard let epoch: UInt32 = payload.readInteger() else { return nil }
            self = .stop(id, epoch: UInt64(epoch))
        case Self.compareKind:
            self = .compare(id)
        default:
            return nil
        }
    }

    var payload: ByteBuffer {
        var buffer = ByteBuffer()
        buffer.writeInteger(Self.first)
        switch self {
        case .stop(let id, let epoch):
            buffer.writeInteger(Self.stopKind)
            buffer.writeString(id.rawValue)
            buffer.writeInteger(UInt32(truncatingIfNeeded: epoch))
        case .compare(let id):
            buffer.writeInteger(Self.compareKind)
            buffer.writeString(id.rawValue)
        }
        return buffer
    }
}
