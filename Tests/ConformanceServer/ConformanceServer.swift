import ArgumentParser
import Foundation
import HubBackplane
import HubBackplaneRedis
import HubHummingbird
import HubServer
import Hummingbird
import Logging
import NIOCore
import ServiceLifecycle

/// Serves what the functional tests of SignalR's clients expect, with the library's public API alone.
@main
struct ConformanceServer: AsyncParsableCommand {
    @Option(help: "The port to listen on; 0 takes a free one.")
    var port = 0

    @Option(help: "Listen with TLS as well, on this port; 0 takes a free one. The certificate is made at the start.")
    var httpsPort: Int?

    @Option(help: "memory, or redis://HOST:PORT for several servers behind one balancer.")
    var backplane = "memory"

    @Option(help: "Serve the files of this directory, too; browsers' tests want signalr.js in lib/signalr-webworker.")
    var files: String?

    func run() async throws {
        var logger = Logger(label: "conformance", factory: { StreamLogHandler.standardError(label: $0) })
        logger.logLevel = .warning
        let names = BackplaneNames(app: "conformance")
        let node = NodeID()
        let (nodes, services) = try makeBackplane(names: names, node: node, logger: logger)
        var options = HubOptions()
        options.enableDetailedErrors = true
        let server = HubServer(backplane: nodes, names: names, node: node, options: options, logger: logger)
        let hubs = HTTPHubs(server: server, options: try httpOptions(logger: logger))
        let router = makeRouter(
            hubs, deployment: Deployment(node: node.description, isClustered: backplane != "memory"),
            redirects: RedirectCount(backplane: nodes, names: names))

        var application = Application(
            router: router, server: .http1WithHubs(hubs), configuration: listening(on: port),
            services: services + [server], onServerRunning: tellAddress("http"), logger: logger)
        if let httpsPort {
            let certificate = try SelfSignedCertificate.make(logger: logger)
            let secure = Application(
                router: router, server: .tlsWithHubs(hubs, certificate: certificate),
                configuration: listening(on: httpsPort), onServerRunning: tellAddress("https"), logger: logger)
            application.addServices(secure)
        }
        try await application.runService()
    }

    private func makeRouter(
        _ hubs: HTTPHubs, deployment: Deployment, redirects: RedirectCount
    ) -> Router<BasicRequestContext> {
        let router = Router(options: .caseInsensitive)
        router.add(middleware: AnyOrigin())
        router.add(middleware: NegotiateCookies())
        router.add(middleware: Redirects(count: redirects))
        if let files { router.add(middleware: FileMiddleware(files)) }
        let (testHub, withoutWebSockets, authorized) = (TestHub.make(), TestHub.make(), TestHub.makeAuthorized())
        let rooms = RoomsHub.make()
        Routes(hubs: [testHub, withoutWebSockets, authorized, rooms], deployment: deployment).add(to: router)
        router.hub("/testhub", testHub, on: hubs)
        router.hub(
            "/testhub-nowebsockets", withoutWebSockets, on: hubs, transports: [.serverSentEvents, .longPolling])
        router.hub("/authorizedhub", authorized, on: hubs)
        router.hub("/uncreatable", TestHub.makeUncreatable(), on: hubs)
        router.hub("/rooms", rooms, on: hubs)
        router.connections("/echo", on: hubs, Echo.serveWithCookie)
        // The longest messages of Autobahn have 16 MiB.
        router.connections("/open-echo", on: hubs, maximumMessageSize: 64 * 1024 * 1024, Echo.serve)
        router.health(of: hubs.server)
        return router
    }

    private func listening(on port: Int) -> ApplicationConfiguration {
        ApplicationConfiguration(address: .hostname(port: port))
    }

    private func tellAddress(_ scheme: String) -> @Sendable (any Channel) async -> Void {
        { channel in
            print("Now listening on: \(scheme)://127.0.0.1:\(channel.localAddress?.port ?? 0)")
            fflush(nil)
        }
    }

    private func makeBackplane(
        names: BackplaneNames, node: NodeID, logger: Logger
    ) throws -> (any Backplane, [any Service]) {
        if backplane == "memory" { return (InMemoryBackplane(), []) }
        let redis = RedisBackplane(
            configuration: try RedisConfiguration(url: backplane), names: names, node: node, logger: logger)
        return (redis, [redis])
    }

    private func httpOptions(logger: Logger) throws -> HTTPHubOptions {
        var options = HTTPHubOptions()
        options.allowedOrigins = .any
        options.allowsStatefulReconnects = true
        options.pollsBeforeRouter = true
        options.sendsBeforeRouter = true
        options.authentication = try .jwtBearer(
            JWTBearerOptions(signingKeys: [.secret(Token.secret)]), logger: logger)
        return options
    }
}
