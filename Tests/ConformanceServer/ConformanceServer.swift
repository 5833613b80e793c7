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

    @Option(help: "memory, or redis://HOST:PORT for several servers behind one balancer.")
    var backplane = "memory"

    func run() async throws {
        var logger = Logger(label: "conformance", factory: { StreamLogHandler.standardError(label: $0) })
        logger.logLevel = .warning
        let names = BackplaneNames(app: "conformance")
        let node = NodeID()
        let (backplane, services) = try makeBackplane(names: names, node: node, logger: logger)
        var options = HubOptions()
        options.enableDetailedErrors = true
        let server = HubServer(backplane: backplane, names: names, node: node, options: options, logger: logger)
        let hubs = HTTPHubs(server: server, options: try httpOptions(logger: logger))
        let testHub = TestHub.make()
        let router = Router()
        Routes(testHub: testHub).add(to: router)
        router.hub("/testhub", testHub, on: hubs)
        router.hub("/testhub-nowebsockets", TestHub.make(), on: hubs, transports: [.serverSentEvents, .longPolling])
        router.hub("/authorizedhub", TestHub.makeAuthorized(), on: hubs)
        router.hub("/rooms", RoomsHub.make(), on: hubs)
        let application = Application(
            router: router, server: .http1WithHubs(hubs),
            configuration: ApplicationConfiguration(address: .hostname(port: port)),
            services: services + [server],
            onServerRunning: { channel in
                print("Now listening on: http://127.0.0.1:\(channel.localAddress?.port ?? port)")
                fflush(nil)
            },
            logger: logger)
        try await application.runService()
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
        var tokens = JWTBearerOptions(signingKeys: [.secret(Token.secret)])
        tokens.clockSkew = .zero
        options.authentication = try .jwtBearer(tokens, logger: logger)
        return options
    }
}
