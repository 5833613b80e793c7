import HubBackplane
import NIOCore

/// What one append wrote to a stream's log and published on its channel.
enum StreamEntry: Sendable, Equatable {
    /// A producer takes the stream: the entry `EPOCH-0`.
    case open(Opening)
    /// The chunks FIRST…LAST: the entry `EPOCH-LAST`.
    case chunks(Chunks)
    /// Text is taken back: the entry `EPOCH-SEQ`, in place of a chunk.
    case retraction(epoch: UInt64, StreamRetraction)
    /// The text is over: the entry `EPOCH-(LAST + 1)`.
    case end(epoch: UInt64, StreamEnd)

    /// A producer's first entry.
    struct Opening: Sendable, Equatable {
        var epoch: UInt64
        /// The epoch in which the text began: `epoch` itself where the text starts again, an older one where this
        /// writer goes on with it.
        var textEpoch: UInt64
        var node: NodeID
        /// Whether a backend feeds the stream: any node can go on with it then, with what the backend says next.
        var isFed = false
    }

    /// Consecutive chunks of text.
    struct Chunks: Sendable, Equatable {
        var epoch: UInt64
        var first: UInt64
        var lengths: ChunkLengths
        var text: ByteBuffer
        /// When the last of them was appended that is timed, in microseconds of the backplane's clock; nil for the others.
        var appendedAt: Int64?

        var last: UInt64 { first + UInt64(lengths.count) - 1 }
    }

    var epoch: UInt64 {
        switch self {
        case .open(let opening): opening.epoch
        case .chunks(let chunks): chunks.epoch
        case .retraction(let epoch, _), .end(let epoch, _): epoch
        }
    }
}
