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
    let (ports, portFound) = AsyncStream<Int>.makeStream()
    let application = Application(
        router: router, hubs: hubs, backplane: backplane, hubOptions: hubOptions, httpOptions: httpOptions,
        configuration: ApplicationConfiguration(address: .hostname("127.0.0.1", port: 0)), services: services,
        onServerRunning: { portFound.yield($0.localAddress?.port ?? 0) }, logger: logger)
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
            result = try await body(TestNode(port: port, group: group))
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
    /// Tells of errors only.
    static var quiet: Logger {
        var logger = Logger(label: "test")
        logger.logLevel = .error
        return logger
    }
}
