import ChatHub
import ChatModels
import ChunkStreams
import CoreMetrics
import Foundation
import HubBackplane
import HubBackplaneRedis
import HubHummingbird
import HubServer
import Hummingbird
import Logging
import NIOCore
import NIOPosix
import PrometheusMetrics
import ServiceLifecycle
import UnixSignals

/// `hubbub serve`: one node.
enum ServeCommand {
    static func run(_ arguments: [String]) async throws {
        if arguments.contains("--help") || arguments.contains("-h") { return print(Option.serveHelp) }
        let values = try OptionValues(
            options: Option.serve, arguments: arguments, environment: ProcessInfo.processInfo.environment)
        let logger = try ServeConfiguration.logger(values)
        let access = try AzureAccess(values, logger: logger)
        let vault = try VaultSecrets(values, options: Option.serve, access: access, logger: logger)
        let configuration = try ServeConfiguration(try await vault.resolve(values))
        await vault.keepNew(configuration.http.clusterSecret, of: "cluster-secret", logger: logger)
        await vault.keepNew(configuration.managementKey, of: "management-key", logger: logger)
        await vault.keepNew(configuration.authentication.secret, of: "jwt-secret", logger: logger)
        let prometheus = PrometheusMetricsFactory(families: MetricFamilies.all)
        MetricsSystem.bootstrap(prometheus)
        if let eventLoops = configuration.eventLoops { NIOSingletons.groupLoopCountSuggestion = eventLoops }
        let node = try Node(configuration, access: access, vault: vault, prometheus: prometheus, logger: logger)
        // A client may be gone when something is written to it.
        signal(SIGPIPE, SIG_IGN)
        do {
            try await withTaskExecutorPreference(node.executor) { try await node.run() }
        } catch let error as IOError {
            let reason = String(cString: strerror(error.errnoCode))
            throw UsageError("cannot listen on host \(configuration.host), port \(configuration.port): \(reason)")
        } catch let error as SocketAddressError.UnknownHost {
            throw UsageError("host \(error.host) is not known here")
        }
    }
}

/// The services of one node, put together.
private struct Node {
    let services: [any Service]
    let executor = EventLoopTaskExecutor(group: .singleton)
    let logger: Logger
    /// Longer than the services take that have bounds of their own: it is the last resort, which ends the process.
    private let gracefulTime: Duration

    init(
        _ configuration: ServeConfiguration, access: AzureAccess, vault: VaultSecrets,
        prometheus: PrometheusMetricsFactory, logger: Logger
    ) throws {
        var logger = logger
        let id = NodeID()
        logger[metadataKey: "node"] = "\(id)"
        let names = BackplaneNames(app: configuration.app)
        let (backplane, backplaneServices) = try Self.backplane(
            configuration, access: access, vault: vault, names: names, node: id, logger: logger)
        let leases = NodeLeases(backplane: backplane, node: id, logger: logger)
        let server = HubServer(
            backplane: backplane, names: names, node: id, leases: leases, options: configuration.hub, logger: logger)
        let streams = ChunkStreams(
            backplane: backplane, names: names, leases: leases, configuration: configuration.streams, logger: logger)
        let (model, modelServices) = try configuration.model.make(access: access, vault: vault, logger: logger)
        let filters = try configuration.contentFilter.make(access: access, vault: vault, logger: logger)
        let chat = ChatHub(
            configuration: configuration.chat, model: model.with(filters.middleware), streams: streams,
            backplane: backplane, names: names,
            leases: leases, executor: executor, logger: logger)
        let certificate = try configuration.tls?.files(logger: logger)
        let application = try Self.application(
            configuration, certificate: certificate, server: server, chat: chat, prometheus: prometheus,
            logger: logger)
        // Stopped from the last to the first: replies end and clients are sent away while everything else works, then
        // the listener closes, then streams, the lease and Redis.
        let drain = Drain(server: server, chat: chat, timeout: configuration.chat.drainTimeout, logger: logger)
        let ownServices: [any Service] = [streams, chat, server, application, drain]
        services =
            [SecondSignal(logger: logger), EventLoopLag(group: .singletonMultiThreadedEventLoopGroup)] + vault.services
            + backplaneServices + [leases] + modelServices
            + filters.services
            + [certificate].compactMap(\.self)
            + ownServices
        self.logger = logger
        gracefulTime =
            configuration.hub.drainTimeout + configuration.hub.shutdownTimeout + configuration.chat.endTime
            + .seconds(10)
    }

    func run() async throws {
        var configuration = ServiceGroupConfiguration(
            services: services.map { ServiceGroupConfiguration.ServiceConfiguration(service: $0) },
            gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
        configuration.maximumGracefulShutdownDuration = gracefulTime
        configuration.maximumCancellationDuration = .seconds(5)
        try await ServiceGroup(configuration: configuration).run()
    }

    private static func backplane(
        _ configuration: ServeConfiguration, access: AzureAccess, vault: VaultSecrets, names: BackplaneNames,
        node: NodeID, logger: Logger
    ) throws -> (any Backplane, [any Service]) {
        switch configuration.backplane {
        case .memory:
            return (InMemoryBackplane(), [])
        case .redis(let redis, let authentication):
            let redis = try redis.with(authentication, access: access, vault: vault, logger: logger)
            let backplane = RedisBackplane(configuration: redis, names: names, node: node, logger: logger)
            return (backplane, [backplane])
        }
    }

    private static func application(
        _ configuration: ServeConfiguration, certificate: TLSCertificateFiles?, server: HubServer, chat: ChatHub,
        prometheus: PrometheusMetricsFactory, logger: Logger
    ) throws -> some ApplicationProtocol {
        let router = Router(options: .autoGenerateHeadEndpoints)
        router.health(of: server)
        router.metrics(prometheus)
        var options = configuration.http
        try configuration.authentication.apply(to: &options, logger: logger)
        let hubs = HTTPHubs(server: server, options: options)
        if configuration.isEdge {
            let hub = chat.hub()
            if configuration.authentication.isRequired { hub.requireAuthorization() }
            router.hub("/chat", hub, on: hubs)
            let groupHub = chat.groupHub()
            if configuration.authentication.isRequired { groupHub.requireAuthorization() }
            router.hub("/groupChat", groupHub, on: hubs)
            router.page()
            if let key = configuration.managementKey { router.management(of: hubs, key: key) }
        }
        let idleTimeout = TimeAmount(configuration.httpIdleTimeout)
        return Application(
            router: router,
            server: certificate.map {
                .tlsWithHubs(hubs, certificate: $0, configuration: .init(idleTimeout: idleTimeout))
            } ?? .http1WithHubs(hubs, configuration: .init(idleTimeout: idleTimeout)),
            configuration: ApplicationConfiguration(
                address: .hostname(configuration.host, port: configuration.port), serverName: "hubbub"),
            onServerRunning: { channel in
                let port = channel.localAddress?.port ?? configuration.port
                let host = configuration.host.contains(":") ? "[\(configuration.host)]" : configuration.host
                print("Now listening on: \(certificate == nil ? "http" : "https")://\(host):\(port)")
                fflush(nil)
            },
            logger: logger)
    }
}
