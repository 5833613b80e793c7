import HubBackplane
import HubBackplaneRedis
import HubTesting
import Logging
import ServiceLifecycle

@testable import ChunkStreams

/// What connects the nodes of a test. Every schedule that needs no fault holds on both.
enum BackplaneKind: CaseIterable {
    case memory, redis
}

/// Runs nodes that share a backplane.
func withNodes(
    _ count: Int, on kind: BackplaneKind, _ body: @escaping @Sendable ([ChunkStreams]) async throws -> Void
) async throws {
    switch kind {
    case .memory:
        try await withNodes(count, on: InMemoryBackplane(), body)
    case .redis:
        let redis = try RedisConfiguration(url: try await SharedRedis.server.value.url)
        let names = BackplaneNames(app: NodeID().rawValue)
        let ids = (0..<count).map { _ in NodeID() }
        let backplanes = ids.map { RedisBackplane(configuration: redis, names: names, node: $0, logger: .silent) }
        for backplane in backplanes { backplane.start() }
        while !backplanes.allSatisfy(\.isReady) { try await Task.sleep(for: .milliseconds(5)) }
        let nodes = zip(ids, backplanes).map { id, backplane in
            ChunkStreams(
                backplane: backplane, names: names,
                leases: NodeLeases(backplane: backplane, node: id, logger: .silent), logger: .silent)
        }
        do {
            try await run(nodes, body)
        } catch {
            for backplane in backplanes { await backplane.shutdown() }
            throw error
        }
        for backplane in backplanes { await backplane.shutdown() }
    }
}

/// Runs nodes that share this backplane object.
func withNodes(
    _ count: Int, on backplane: any Backplane, names: BackplaneNames = BackplaneNames(app: "test"),
    configuration: ChunkStreamsConfiguration = .init(),
    _ body: @escaping @Sendable ([ChunkStreams]) async throws -> Void
) async throws {
    let nodes = (0..<count).map { _ in
        ChunkStreams(
            backplane: backplane, names: names,
            leases: NodeLeases(backplane: backplane, node: NodeID(), logger: .silent),
            configuration: configuration, logger: .silent)
    }
    try await run(nodes, body)
}

private func run(
    _ nodes: [ChunkStreams], _ body: @escaping @Sendable ([ChunkStreams]) async throws -> Void
) async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
        for node in nodes {
            group.addTask { try await node.node.leases.run() }
            group.addTask { try await node.run() }
        }
        defer { group.cancelAll() }
        try await body(nodes)
    }
}

private enum SharedRedis {
    static let server = Task { try await RedisServer.start() }
}

extension Logger {
    static var silent: Logger { Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }) }
}
