import DequeModule
import HubBackplane
import Synchronization

/// Which nodes produce the streams that this node has passed requests on for: looking it up in the log costs two reads.
final class RecentProducers: Sendable {
    private static let capacity = 4096

    private struct State {
        var producers: [ChunkStreamID: NodeID] = [:]
        var order: Deque<ChunkStreamID> = []
    }

    private let state = Mutex(State())

    subscript(id: ChunkStreamID) -> NodeID? { state.withLock { $0.producers[id] } }

    func note(_ producer: NodeID, of id: ChunkStreamID) {
        state.withLock { state in
            if state.producers.updateValue(producer, forKey: id) == nil { state.order.append(id) }
            if state.order.count > Self.capacity, let oldest = state.order.popFirst() {
                state.producers[oldest] = nil
            }
        }
    }

    /// It does not produce the stream, or not any more.
    func forget(_ id: ChunkStreamID) { state.withLock { $0.producers[id] = nil } }
}
