import Crypto
public import HubBackplane
public import Logging
import NIOConcurrencyHelpers
public import NIOCore
public import ServiceLifecycle

/// The chunk streams of one node: ordered, finite, logged sequences of text, each with one writer at a time and any
/// number of readers on any node.
///
/// Run it as a service: it hears stops from other nodes, renews keys, and reads on where a channel fell silent.
public final class ChunkStreams: Service, Sendable {
    let node: StreamNode
    let logger: Logger

    /// Creates the streams of a node.
    ///
    /// - Parameters:
    ///   - backplane: Where logs and channels live.
    ///   - names: The names on the backplane.
    ///   - node: This node; streams it produces carry its name.
    ///   - configuration: Bounds and times.
    ///   - logger: Gets stream ids and errors, never text.
    public init(
        backplane: any Backplane, names: BackplaneNames, node: NodeID,
        configuration: ChunkStreamsConfiguration = .init(), logger: Logger
    ) {
        self.node = StreamNode(
            id: node, backplane: backplane, names: names, configuration: configuration, registry: StreamRegistry())
        self.logger = logger
    }

    // MARK: Writing

    /// Writes down what never changes about a stream, before its id is told to anyone.
    ///
    /// - Parameter meta: Whatever the application wants to know of the stream later, such as its owner.
    public func create(_ id: ChunkStreamID, meta: ByteBuffer) async throws {
        _ = try await node.backplane.set(
            node.names.stream(id.rawValue).meta, to: meta, timeToLive: node.configuration.liveTimeToLive,
            onlyIfAbsent: true)
    }

    /// What was written down about a stream; `nil` where there is no such stream (any more).
    public func meta(of id: ChunkStreamID) async throws -> ByteBuffer? {
        try await node.backplane.get(node.names.stream(id.rawValue).meta)
    }

    /// Takes a stream that nobody writes yet.
    ///
    /// - Returns: Its writer, `nil` where another one was first: then nothing was written or shown.
    /// - Throws: ``BackplaneError`` where it could not be found out.
    public func open(_ id: ChunkStreamID, meta: ByteBuffer) async throws -> ChunkProducer? {
        let names = node.names.stream(id.rawValue)
        let opening = StreamEntry.Opening(epoch: 1, textEpoch: 1, node: node.id)
        let append = LogAppend.opening(opening, names: names, configuration: node.configuration)
        guard node.registry.claimOpening(id) else { return nil }
        defer { node.registry.releaseOpening(id) }
        guard try await isAccepted(append, log: names.log, opening: opening) else { return nil }
        let stream = produced(id, opening: opening, meta: meta)
        Task { await honourEarlierStop(of: stream) }
        return ChunkProducer(stream: stream)
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

    /// How a stream has ended, `nil` where it has not.
    public func end(of id: ChunkStreamID) async throws -> StreamEnd? {
        if let end = node.registry[id]?.state.withLockedValue({ $0.content.end }) { return end }
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
        let subscription = try await subscribeToNode()
        await cancelWhenGracefulShutdown { await self.sweep() }
        subscription?.cancel()
    }

    private func subscribeToNode() async throws -> ChannelSubscription? {
        while !Task.isCancelled {
            do {
                return try await node.backplane.subscribe(to: node.names.node(node.id)) { [weak self] event in
                    guard case .message(let payload) = event, let message = NodeMessage(payload: payload) else {
                        return
                    }
                    self?.heard(message)
                }
            } catch {
                try? await Task.sleep(for: .milliseconds(500))
            }
        }
        return nil
    }

    private func heard(_ message: NodeMessage) {
        switch message {
        case .stop(let id, let epoch): node.registry[id]?.stop(epoch: epoch)
        case .compare(let id): node.registry[id]?.compareWithLog()
        }
    }

    /// The connection for commands may be back before everything is: nothing is appended before the log was looked at.
    private func doubtAllLogs() {
        for stream in node.registry.all {
            stream.state.withLockedValue { $0.production?.machine.doubtLog() ?? () }
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

    private func produced(_ id: ChunkStreamID, opening: StreamEntry.Opening, meta: ByteBuffer) -> LiveStream {
        while true {
            let (stream, isNew) = node.registry.stream(id) {
                LiveStream(id: id, opening: opening, meta: meta, node: node)
            }
            if isNew || stream.produce(opening, meta: meta) { return stream }
            node.registry.remove(stream)
        }
    }

    private func isAccepted(_ append: LogAppend, log: KeyName, opening: StreamEntry.Opening) async throws -> Bool {
        var unanswered: BackplaneError?
        do {
            if case .accepted = try await node.backplane.append(append) { return true }
        } catch let error as BackplaneError where error.code == .timeout {
            unanswered = error
        }
        // An answer was lost, of this try or of one before: what the log has tells whether it was a yes.
        let last = try await node.backplane.lastEntry(of: log)
        if last == nil, let unanswered { throw unanswered }
        return last.flatMap { StreamEntry(payload: $0.payload) } == .open(opening)
    }

    private func honourEarlierStop(of stream: LiveStream) async {
        guard var value = try? await node.backplane.get(stream.names.stop), let epoch: UInt32 = value.readInteger()
        else { return }
        stream.stop(epoch: UInt64(epoch))
    }
}
