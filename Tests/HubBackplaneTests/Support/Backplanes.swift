import HubBackplane
import HubBackplaneRedis
import HubTesting
import Logging

/// The backplanes that are held to the conformance suite.
enum BackplaneKind: CaseIterable {
    case memory, redis
}

/// Runs a test with a backplane that is ready, and names that no other test uses.
func withBackplane(
    _ kind: BackplaneKind, _ body: (any Backplane, BackplaneNames) async throws -> Void
) async throws {
    switch kind {
    case .memory:
        try await body(InMemoryBackplane(), BackplaneNames(app: "test"))
    case .redis:
        let server = try await SharedRedis.server.value
        try await withRedisBackplane(RedisConfiguration(url: server.url), body)
    }
}

/// The server of the tests that do it no harm.
enum SharedRedis {
    static let server = Task { try await RedisServer.start() }
}

/// Runs a test with a Redis backplane that is ready.
func withRedisBackplane(
    _ configuration: RedisConfiguration, names: BackplaneNames? = nil,
    _ body: (RedisBackplane, BackplaneNames) async throws -> Void
) async throws {
    let node = NodeID()
    let names = names ?? BackplaneNames(app: node.rawValue)
    let backplane = RedisBackplane(configuration: configuration, names: names, node: node, logger: .silent)
    backplane.start()
    do {
        try await eventually { backplane.isReady }
        try await body(backplane, names)
    } catch {
        await backplane.shutdown()
        throw error
    }
    await backplane.shutdown()
}

extension Logger {
    static var silent: Logger { Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }) }
}

extension BackplaneKind {
    /// How long keys live in tests of expiry.
    static let shortLife = Duration.milliseconds(50)
}
