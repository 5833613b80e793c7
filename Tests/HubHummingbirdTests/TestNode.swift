import HubBackplane
import HubHummingbird
import HubProtocol
import HubServer
import HubTesting
import Hummingbird
import Logging
import NIOCore
import ServiceLifecycle
import Synchronization

/// A server of hubs on a free port, and what tests do with it.
struct TestNode: Sendable {
    let port: Int
    let group: ServiceGroup
    /// What it serves, by path.
    let hubs: [String: Hub]

    /// The URL of a path over HTTP.
    func url(_ path: String) -> String { "http://127.0.0.1:\(port)\(path)" }

    /// The URL of a path as a WebSocket.
    func webSocketURL(_ path: String) -> String { "ws://127.0.0.1:\(port)\(path)" }
}

/// Serves hubs while the body runs.
func withNode<Result: Sendable>(
    hubs: [String: Hub], router: Router<BasicRequestContext> = Router(),
    backplane: any Backplane = InMemoryBackplane(), hubOptions: HubOptions = HubOptions(),
    httpOptions: HTTPHubOptions = HTTPHubOptions(), services: [any Service] = [], logger: Logger = .quiet,
    _ body: @Sendable (TestNode) async throws -> Result
) async throws -> Result {
    try await withNode(hubs, logger: logger) { onServerRunning in
        Application(
            router: router, hubs: hubs, backplane: backplane, hubOptions: hubOptions, httpOptions: httpOptions,
            configuration: ApplicationConfiguration(address: .hostname("127.0.0.1", port: 0)), services: services,
            onServerRunning: onServerRunning, logger: logger)
    } _: { node async throws in
        try await body(node)
    }
}

/// Serves connections that are no hub's, at `/raw`, while the body runs.
func withConnections<Result: Sendable>(
    backplane: any Backplane = InMemoryBackplane(), hubOptions: HubOptions = HubOptions(),
    httpOptions: HTTPHubOptions = HTTPHubOptions(), authorization: AuthorizationPolicy? = nil,
    maximumMessageSize: Int = 1024 * 1024, managementKey: String? = nil, _ handler: @escaping ClientConnectionHandler,
    _ body: @Sendable (TestNode) async throws -> Result
) async throws -> Result {
    try await withNode([:], logger: .quiet) { onServerRunning in
        let server = HubServer(
            backplane: backplane, names: BackplaneNames(app: "tests"), options: hubOptions, logger: .quiet)
        let hubs = HTTPHubs(server: server, options: httpOptions)
        let router = Router()
        router.connections(
            "/raw", on: hubs, authorization: authorization, maximumMessageSize: maximumMessageSize, handler)
        if let managementKey { router.management(of: hubs, key: managementKey) }
        return Application(
            router: router, server: .http1WithHubs(hubs),
            configuration: ApplicationConfiguration(address: .hostname("127.0.0.1", port: 0)), services: [server],
            onServerRunning: onServerRunning, logger: .quiet)
    } _: { node async throws in
        try await body(node)
    }
}

private func withNode<Result: Sendable>(
    _ hubs: [String: Hub], logger: Logger,
    _ makeApplication: (@escaping @Sendable (any Channel) async -> Void) -> some ApplicationProtocol,
    _ body: @Sendable (TestNode) async throws -> Result
) async throws -> Result {
    let (ports, portFound) = AsyncStream<Int>.makeStream()
    let application = makeApplication { portFound.yield($0.localAddress?.port ?? 0) }
    let group = ServiceGroup(configuration: ServiceGroupConfiguration(services: [application], logger: logger))
    return try await withThrowingTaskGroup(of: Void.self) { tasks in
        tasks.addTask {
            defer { portFound.finish() }
            try await group.run()
        }
        var ports = ports.makeAsyncIterator()
        guard let port = await ports.next() else {
            try await tasks.waitForAll()
            throw ChannelError.eof
        }
        let result: Result
        do {
            result = try await body(TestNode(port: port, group: group, hubs: hubs))
        } catch {
            await group.triggerGracefulShutdown()
            throw error
        }
        await group.triggerGracefulShutdown()
        try await tasks.waitForAll()
        return result
    }
}

extension Hub {
    /// A hub with what the tests of the transports call.
    static func forTests() -> Hub {
        let hub = Hub()
        hub.on("Echo") { (context, text: String) async throws in text }
        hub.on("Length") { (context, text: String) async throws in text.utf8.count }
        hub.on("MyID") { context async throws in context.connectionID }
        hub.on("Query") { (context, name: String) async throws in context.request.query(name) }
        hub.on("Header") { (context, name: String) async throws in context.request.header(name) }
        hub.on("Tell") { (context, id: String, text: String) async throws in
            try await context.clients.client(id).send("told", text)
        }
        hub.on("Transport") { context async throws in context.request.transport.rawValue }
        hub.on("Abort") { context async throws in context.abort() }
        return hub
    }
}

extension Logger {
    /// Tells of nothing that a test brings about.
    static var silent: Logger {
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        return logger
    }

    /// Tells of errors only.
    static var quiet: Logger {
        var logger = Logger(label: "test")
        logger.logLevel = .error
        return logger
    }
}
