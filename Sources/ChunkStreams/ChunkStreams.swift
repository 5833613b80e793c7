import Crypto
public import HubBackplane
public import Logging
public import NIOCore
public import ServiceLifecycle
import Synchronization

/// The chunk streams of one node: ordered, finite, logged sequences of text, each with one writer at a time and any
/// number of readers on any node.
///
/// Run it as a service: it hears other nodes, renews keys, reads on where a channel fell silent, and ends streams whose
/// producers were lost.
public final class ChunkStreams: Service, Sendable {
    let node: StreamNode

    var logger: Logger { node.logger }

    /// Creates the streams of a node.
    ///
    /// - Parameters:
    ///   - backplane: Where logs and channels live.
    ///   - names: The names on the backplane.
    ///   - leases: This node's lease, which has to be held while the service runs; streams it produces carry its name.
    ///   - configuration: Bounds and times.
    ///   - logger: Gets stream ids and errors, never text.
    public init(
        backplane: any Backplane, names: BackplaneNames, leases: NodeLeases,
        configuration: ChunkStreamsConfiguration = .init(), logger: Logger
    ) {
        self.node = StreamNode(
            leases: leases, backplane: backplane, names: names, configuration: configuration,
            registry: StreamRegistry(), metrics: StreamMetrics(backplane: backplane), logger: logger)
    }

    // MARK: Writing

    /// Writes down what never changes about a stream, before its id is told to anyone.
    ///
    /// - Parameter meta: Whatever the application wants to know of the stream later, such as its owner.
    /// - Returns: `false` where there is such a stream already: nothing was written then.
    @discardableResult
    public func create(_ id: ChunkStreamID, meta: ByteBuffer) async throws -> Bool {
        try await node.backplane.set(
            node.names.stream(id.rawValue).meta, to: meta, timeToLive: node.configuration.liveTimeToLive,
            onlyIfAbsent: true)
    }

    /// What was written down about a stream; `nil` where there is no such stream (any more).
    public func meta(of id: ChunkStreamID) async throws -> ByteBuffer? {
        try await node.backplane.get(node.names.stream(id.rawValue).meta)
    }

    /// Ends a stream that nobody has opened: accepted means that nobody can open it any more.
    ///
    /// - Returns: The end, `nil` where somebody has just opened it.
    public func endBeforeOpening(_ id: ChunkStreamID, finish: StreamFinish) async throws -> StreamEnd? {
        let names = node.names.stream(id.rawValue)
        let end = StreamEnd(finish: finish, chunks: 0, bytes: 0, sha256: Array(SHA256().finalize()))
        let append = LogAppend(
            log: names.log, channel: names.channel, id: LogID(epoch: 1, seq: 0),
            payload: StreamEntry.end(epoch: 1, end).payload, creates: true, timeToLive: node.configuration.retention)
        // Not a plain append: its message would go out to viewers of a stream that somebody has opened.
        return try await node.backplane.append(append, ifLastIs: nil) ? end : nil
    }

    // MARK: Reading

    /// Reads a stream from a cursor on, wherever it is produced, whether it has begun or ended.
    ///
    /// - Parameters:
    ///   - sink: Told when there is something to read, at once if there is.
    public func view(_ id: ChunkStreamID, after cursor: ChunkCursor, sink: any ChunkViewerSink) -> ChunkViewer {
        while true {
            let (stream, isNew) = node.registry.stream(id) {
                LiveStream(id: id, following: cursor, node: node)
            }
            if let viewer = stream.attach(sink, after: cursor) {
                if isNew { stream.catchUp() }
                return viewer
            }
            node.registry.remove(stream)
        }
    }

    /// Whether this node has seen a producer open the stream, as far as it reads or produces it.
    public func hasBegun(_ id: ChunkStreamID) -> Bool {
        node.registry[id]?.state.withLock { $0.content.producer != nil || $0.content.end != nil } ?? false
    }

    /// How a stream has ended, `nil` where it has not.
    public func end(of id: ChunkStreamID) async throws -> StreamEnd? {
        if let end = node.registry[id]?.state.withLock({ $0.content.end }) { return end }
        guard let last = try await node.backplane.lastEntry(of: node.names.stream(id.rawValue).log),
            case .end(_, let end)? = StreamEntry(payload: last.payload)
        else { return nil }
        return end
    }

    // MARK: Running

    /// Keeps the node's streams alive until the service is shut down or cancelled.
    public func run() async throws {
        node.backplane.observeState { [weak self] state in
            switch state {
            case .ready: self?.compareAllWithLogs()
            case .away: self?.doubtAllLogs()
            }
        }
        node.leases.observeTerm { [weak self] in
            for stream in self?.node.registry.all ?? [] { stream.compareInNewTerm() }
        }
        // Cancelled by a shutdown: a node whose backplane was never there has to stop, too.
        await cancelWhenGracefulShutdown { await self.listen() }
    }

    private func listen() async {
        // The feed first: nobody is asked to use it before it is there, since the answer comes on the other channel.
        let feed = await node.subscribe(to: node.names.feed(of: node.id)) { [registry = node.registry] payload in
            var payload = payload
            guard let tag: UInt64 = payload.readInteger() else { return }
            registry.stream(tagged: tag)?.received(payload)
        }
        let messages = await node.subscribe(to: node.names.node(node.id)) { [weak self] payload in
            if let message = NodeMessage(payload: payload) { self?.heard(message) }
        }
        await sweep()
        messages?.cancel()
        feed?.cancel()
    }

    /// Whoever waits on this node for a log to take text or an end waits no longer. What was not taken is lost when the
    /// node ends; others end its streams then, as lost.
    package func giveUpWaiting() {
        for stream in node.registry.all { stream.giveUpWaiting() }
    }

    private func heard(_ message: NodeMessage) {
        switch message {
        case .stop(let id, let epoch): node.registry[id]?.stop(epoch: epoch)
        case .hole(let id, let hole): node.registry[id]?.isMissing(hole)
        case .question(let id, let epoch, let asker):
            let isProduced = node.registry[id]?.isProduced() ?? false
            let answer = NodeMessage.answer(id, epoch: epoch, isProduced: isProduced)
            node.backplane.publish(answer.payload, to: node.names.node(asker), completion: { _ in })
        case .answer(let id, let epoch, let isProduced):
            if !isProduced { node.registry[id]?.isNotProduced(inEpoch: epoch) }
        case .follow(let id, let request):
            if !node.registry.keep(request, whileOpening: id) { node.registry[id]?.isFollowed(request) }
        case .followed(let id, let epoch, let last, let entry):
            node.registry[id]?.isFed(inEpoch: epoch, last: last, entry: entry)
        case .unfollow(let id, _, let tag, let follower):
            node.registry[id]?.isUnfollowed(by: follower, as: tag)
        }
    }

    /// The connection for commands may be back before everything is: nothing is appended before the log was looked at.
    private func doubtAllLogs() {
        for stream in node.registry.all {
            stream.state.withLock { $0.production?.machine.doubtLog() ?? () }
        }
    }

    private func compareAllWithLogs() {
        for stream in node.registry.all {
            stream.compareWithLog()
            stream.catchUp()
        }
    }

    private func sweep() async {
        while !Task.isCancelled {
            try? await Task.sleep(for: .seconds(1))
            for stream in node.registry.all { stream.tick() }
        }
    }
}
