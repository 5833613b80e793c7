import HubBackplane
import Logging
package import NIOCore
import Synchronization

/// The chunk streams that backends feed: each is produced by the node at which it was opened, and any node takes requests
/// for it and passes them on. When that node dies, the one that gets the backend's next request goes on with the stream.
///
/// Streams whose backends are silent for too long end as failed.
package final class FedStreams: Sendable {
    private struct State {
        var streams: [ChunkStreamID: FedStream] = [:]
        var openings = 0
        var isDraining = false
    }

    let streams: ChunkStreams
    let requests = NodeRequests<FedStreamAnswer>()
    /// The nodes that requests were passed on to: looking one up in the log costs two reads.
    let producers = Mutex(RecentStreams<NodeID>(capacity: 4096))
    private let configuration: FedStreamsConfiguration
    private let state = Mutex(State())
    private let lastReady = Mutex(ContinuousClock.now)

    var node: StreamNode { streams.node }

    package init(streams: ChunkStreams, configuration: FedStreamsConfiguration = .init()) {
        self.streams = streams
        self.configuration = configuration
        node.backplane.observeState { [weak self] state in
            if state == .ready { self?.lastReady.withLock { $0 = .now } }
        }
    }

    /// The backplane may have lost its data a moment ago, and whoever produces a stream writes it again.
    var mayBeIncomplete: Bool { lastReady.withLock { .now - $0 } < .seconds(3) }

    /// Whether this node may open a stream.
    package enum Opening: Sendable, Equatable {
        case opened
        /// There is a stream of this id already.
        case exists
        /// This node feeds as many streams as it may, or is about to stop.
        case full
    }

    /// Opens a stream on this node.
    ///
    /// - Parameter meta: As in ``ChunkStreams/create(_:meta:)``.
    /// - Throws: ``BackplaneError``
    package func open(_ id: ChunkStreamID, meta: ByteBuffer) async throws -> Opening {
        try await produce(id) {
            try await streams.create(id, meta: meta)
            return try await streams.open(id, meta: meta, isFed: true)
        }
    }

    /// Goes on with a stream whose producing node is dead.
    func goOn(with id: ChunkStreamID, from producer: NodeID) async throws -> Opening {
        try await produce(id) {
            let producer = try await streams.goOn(with: id, from: producer)
            if producer != nil { node.logger.notice("A stream goes on here", metadata: ["stream": "\(id.logged)"]) }
            return producer
        }
    }

    private func produce(
        _ id: ChunkStreamID, _ open: () async throws -> ChunkProducer?
    ) async throws -> Opening {
        let hasPlace = state.withLock { state in
            guard !state.isDraining, state.streams.count + state.openings < configuration.maximumStreams else {
                return false
            }
            state.openings += 1
            return true
        }
        guard hasPlace else { return .full }
        var fed: FedStream?
        defer {
            state.withLock { state in
                state.openings -= 1
                if let fed { state.streams[id] = fed }
            }
        }
        guard let producer = try await open() else { return .exists }
        fed = FedStream(producer: producer)
        producer.onInterrupt { [weak self] in
            Task { await self?.end(id, .stopped) }
        }
        return .opened
    }

    /// Ends a stream of this node, where it has not ended.
    package func end(_ id: ChunkStreamID, _ finish: StreamFinish) async {
        guard let fed = state.withLock({ $0.streams[id] }) else { return }
        _ = await fed.end(finish)
        forget(id)
    }

    /// Does what a backend asks of a stream that this node produces; `nil` where it does not (any more).
    func perform(_ request: FedStreamRequest, on id: ChunkStreamID) async -> FedStreamAnswer? {
        guard let fed = state.withLock({ $0.streams[id] }) else {
            guard let stream = node.registry[id], let produced = stream.produced else { return nil }
            // One that is fed is just being opened here.
            if case .open = produced, request != .look { return stream.isFed ? nil : .notFed }
            return produced
        }
        let answer = await fed.answer(request)
        switch answer {
        case .ended, nil: forget(id)
        case .open, .elsewhere, .different, .tooLong, .notFed, .unknown: break
        }
        return answer
    }

    private func forget(_ id: ChunkStreamID) { state.withLock { $0.streams[id] = nil } }

    // MARK: Running

    /// Hears other nodes until cancelled.
    package func run() async {
        let subscription = await node.subscribe(to: node.names.node(node.id)) { [weak self] payload in
            if let message = FedStreamMessage(payload: payload) { self?.heard(message) }
        }
        while !Task.isCancelled {
            try? await Task.sleep(for: .seconds(1))
            endAbandoned()
        }
        subscription?.cancel()
    }

    /// Takes no more streams, waits for those that are open, and ends those that take longer.
    package func drain(within time: Duration, as problem: StreamProblem) async {
        state.withLock { $0.isDraining = true }
        let deadline = ContinuousClock.now + time
        while ContinuousClock.now < deadline, state.withLock({ !$0.streams.isEmpty }), !Task.isCancelled {
            try? await Task.sleep(for: .milliseconds(20))
        }
        await withDiscardingTaskGroup { group in
            for id in state.withLock({ Array($0.streams.keys) }) {
                group.addTask { await self.end(id, .failed(problem)) }
            }
        }
    }

    private func endAbandoned() {
        let all = state.withLock { $0.streams }
        // A backend that could not reach this node through the backplane is not lost.
        guard node.backplane.isReady else { return all.values.forEach { $0.heard() } }
        for (id, fed) in all where fed.silence > configuration.silence {
            node.logger.info("A stream lost its backend", metadata: ["stream": "\(id.logged)"])
            // Once is enough, however long the log takes.
            fed.heard()
            Task { await end(id, .failed(.backendLost)) }
        }
    }

    private func heard(_ message: FedStreamMessage) {
        switch message {
        case .request(let number, let request, let id, let asker):
            Task {
                let answer = FedStreamMessage.answer(number: number, await perform(request, on: id) ?? .unknown)
                node.backplane.publish(answer.payload, to: node.names.node(asker), completion: { _ in })
            }
        case .answer(let number, let answer):
            requests.finish(number, answer)
        }
    }
}

/// The bounds and times of streams that backends feed.
package struct FedStreamsConfiguration: Sendable {
    /// The most streams that this node produces for backends at once.
    package var maximumStreams = 1000
    /// After this time without a word of its backend a stream ends as failed.
    package var silence: Duration = .seconds(60)

    package init() {}
}

extension StreamProblem {
    /// The backend that fed the stream has said nothing for long. The text up to there is whole.
    public static let backendLost = StreamProblem(
        code: "backend_lost", message: "The service that wrote this reply was lost.", retryable: true)
}
