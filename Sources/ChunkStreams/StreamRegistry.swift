import DequeModule
import Synchronization

/// The streams that this node produces or follows.
final class StreamRegistry: Sendable {
    private struct Retained {
        var streams: Deque<(stream: LiveStream, bytes: Int)> = []
        var bytes = 0
    }

    private static let keptRequests = 256

    private let streams = Mutex<[ChunkStreamID: LiveStream]>([:])
    private let fed = Mutex<[UInt64: LiveStream]>([:])
    private let lastTag = Atomic<UInt64>(0)
    /// The streams that are being opened, and who has asked to be told of what they will append: a follower may hear of an
    /// opening entry before the node that has written it.
    private let openings = Mutex<[ChunkStreamID: [FollowRequest]]>([:])
    private let retained = Mutex(Retained())

    /// All streams.
    var all: [LiveStream] { streams.withLock { Array($0.values) } }

    subscript(id: ChunkStreamID) -> LiveStream? { streams.withLock { $0[id] } }

    /// The stream of this id, made where there is none.
    func stream(_ id: ChunkStreamID, make: () -> LiveStream) -> (stream: LiveStream, isNew: Bool) {
        streams.withLock {
            if let stream = $0[id] { return (stream, false) }
            let stream = make()
            $0[id] = stream
            return (stream, true)
        }
    }

    /// A tag that no stream of this node ever had.
    func newTag() -> UInt64 { lastTag.wrappingAdd(1, ordering: .relaxed).newValue }

    /// A stream's producing node is asked to use its tag.
    func feeds(_ stream: LiveStream) { fed.withLock { $0[stream.tag] = stream } }

    /// The followed stream of a tag.
    func stream(tagged tag: UInt64) -> LiveStream? { fed.withLock { $0[tag] } }

    /// Whether this node may try to open a stream: it does not produce it, and does not try already.
    ///
    /// The same ask may be handed out twice, and an opening entry of this node's own must not be taken for another's.
    func claimOpening(_ id: ChunkStreamID) -> Bool {
        guard self[id]?.state.withLock({ $0.production == nil }) ?? true else { return false }
        return openings.withLock { openings in
            guard openings[id] == nil else { return false }
            openings[id] = []
            return true
        }
    }

    /// The opening has succeeded, or not.
    ///
    /// - Returns: Who has asked to follow the stream meanwhile.
    func releaseOpening(_ id: ChunkStreamID) -> [FollowRequest] {
        openings.withLock { $0.removeValue(forKey: id) ?? [] }
    }

    /// Keeps a request for when the stream is open. Whoever gets no answer asks again, so that there may be a bound.
    ///
    /// - Returns: Whether the stream is being opened.
    func keep(_ request: FollowRequest, whileOpening id: ChunkStreamID) -> Bool {
        openings.withLock { openings in
            guard let count = openings[id]?.count else { return false }
            if count < Self.keptRequests { openings[id]?.append(request) }
            return true
        }
    }

    /// Notes a stream that has ended and keeps its text for a while.
    ///
    /// - Returns: The streams whose texts have to go for it.
    func retain(_ stream: LiveStream, bytes: Int, limit: Int) -> [LiveStream] {
        retained.withLock { retained in
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
        retained.withLock { retained in
            guard let index = retained.streams.firstIndex(where: { $0.stream === stream }) else { return }
            retained.bytes -= retained.streams.remove(at: index).bytes
        }
    }

    /// Forgets a stream, unless its id has a successor already.
    func remove(_ stream: LiveStream) {
        streams.withLock {
            if $0[stream.id] === stream { $0[stream.id] = nil }
        }
        fed.withLock { $0[stream.tag] = nil }
    }
}
