import DequeModule
import NIOConcurrencyHelpers

/// The streams that this node produces or follows.
final class StreamRegistry: Sendable {
    private struct Retained {
        var streams: Deque<(stream: LiveStream, bytes: Int)> = []
        var bytes = 0
    }

    private let streams = NIOLockedValueBox<[ChunkStreamID: LiveStream]>([:])
    private let openings = NIOLockedValueBox<Set<ChunkStreamID>>([])
    private let retained = NIOLockedValueBox(Retained())

    /// All streams.
    var all: [LiveStream] { streams.withLockedValue { Array($0.values) } }

    subscript(id: ChunkStreamID) -> LiveStream? { streams.withLockedValue { $0[id] } }

    /// The stream of this id, made where there is none.
    func stream(_ id: ChunkStreamID, make: () -> LiveStream) -> (stream: LiveStream, isNew: Bool) {
        streams.withLockedValue {
            if let stream = $0[id] { return (stream, false) }
            let stream = make()
            $0[id] = stream
            return (stream, true)
        }
    }

    /// Whether this node may try to open a stream: it does not produce it, and does not try already.
    ///
    /// The same ask may be handed out twice, and an opening entry of this node's own must not be taken for another's.
    func claimOpening(_ id: ChunkStreamID) -> Bool {
        guard self[id]?.state.withLockedValue({ $0.production == nil }) ?? true else { return false }
        return openings.withLockedValue { $0.insert(id).inserted }
    }

    func releaseOpening(_ id: ChunkStreamID) {
        _ = openings.withLockedValue { $0.remove(id) }
    }

    /// Notes a stream that has ended and keeps its text for a while.
    ///
    /// - Returns: The streams whose texts have to go for it.
    func retain(_ stream: LiveStream, bytes: Int, limit: Int) -> [LiveStream] {
        retained.withLockedValue { retained in
            retained.streams.append((stream, bytes))
            retained.bytes += bytes
            var evicted: [LiveStream] = []
            while retained.bytes > limit, let oldest = retained.streams.popFirst() {
                retained.bytes -= oldest.bytes
                evicted.append(oldest.stream)
            }
            return evicted
        }
    }

    /// A stream's text was let go.
    func release(_ stream: LiveStream) {
        retained.withLockedValue { retained in
            guard let index = retained.streams.firstIndex(where: { $0.stream === stream }) else { return }
            retained.bytes -= retained.streams.remove(at: index).bytes
        }
    }

    /// Forgets a stream, unless its id has a successor already.
    func remove(_ stream: LiveStream) {
        streams.withLockedValue {
            if $0[stream.id] === stream { $0[stream.id] = nil }
        }
    }
}
