import ChunkStreams
import HubBackplane
import HubTesting
import NIOCore

/// Nodes of which each can be cut off from the others: for good as one that was killed, or for a while as one that was
/// frozen. What they say and hear goes through one backplane.
struct CutOffNodes: Sendable {
    static let leaseTime = Duration.milliseconds(900)
    static let names = BackplaneNames(app: "test")

    let base: InMemoryBackplane
    let backplanes: [FaultyBackplane]
    let leases: [NodeLeases]
    let streams: [ChunkStreams]

    private init(_ count: Int, configuration: ChunkStreamsConfiguration) {
        let base = InMemoryBackplane()
        self.base = base
        backplanes = (0..<count).map { _ in FaultyBackplane(base: base) }
        leases = backplanes.map {
            NodeLeases(backplane: $0, node: NodeID(), leaseTime: Self.leaseTime, logger: .silent)
        }
        streams = zip(backplanes, leases).map {
            ChunkStreams(
                backplane: $0, names: Self.names, leases: $1, configuration: configuration, logger: .silent)
        }
    }

    static func run(
        _ count: Int, configuration: ChunkStreamsConfiguration = .init(),
        _ body: @escaping @Sendable (CutOffNodes) async throws -> Void
    ) async throws {
        let nodes = CutOffNodes(count, configuration: configuration)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for index in 0..<count {
                group.addTask { try await nodes.leases[index].run() }
                group.addTask { try await nodes.streams[index].run() }
            }
            defer { group.cancelAll() }
            while nodes.leases.contains(where: { $0.term == nil }) { try await Task.sleep(for: .milliseconds(5)) }
            try await body(nodes)
        }
    }

    func cutOff(_ node: Int) { backplanes[node].setAway(true) }
    func bringBack(_ node: Int) { backplanes[node].setAway(false) }

    /// Opens a stream on a node and hands over chunks; returns when the log has them.
    func begin(_ id: ChunkStreamID, on node: Int, _ chunks: String...) async throws -> ChunkProducer {
        let backplane = backplanes[node]
        guard let producer = try await streams[node].open(id, meta: ByteBuffer()) else { throw NotOpened() }
        for chunk in chunks { try await producer.append(ByteBuffer(string: chunk)) }
        while try await backplane.lastEntry(of: Self.names.stream(id.rawValue).log)?.id.seq != UInt64(chunks.count) {
            try await Task.sleep(for: .milliseconds(1))
        }
        return producer
    }

    struct NotOpened: Error {}
}
