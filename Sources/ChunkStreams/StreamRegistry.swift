import NIOConcurrencyHelpers

/// The streams that this node produces or follows.
final class StreamRegistry: Sendable {
    private let streams = NIOLockedValueBox<[ChunkStreamID: LiveStream]>([:])

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

    /// Forgets a stream, unless its id has a successor already.
    func remove(_ stream: LiveStream) {
        streams.withLockedValue {
            if $0[stream.id] === stream { $0[stream.id] = nil }
        }
    }
}
