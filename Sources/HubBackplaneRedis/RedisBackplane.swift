public import HubBackplane
public import Logging
import NIOConcurrencyHelpers
public import NIOCore
public import NIOPosix
public import ServiceLifecycle
import Synchronization

/// The backplane of a cluster: Redis pub/sub for channels, Redis Streams for logs and queues.
///
/// Run it as a service, before the services that use it in the list and so longer than them, or call ``start()`` and
/// ``shutdown()``. Until it has connected, and whenever Redis is away, everything fails at once with
/// `BackplaneError.Code.unavailable`.
///
/// It keeps one pipelined connection for commands, one for subscriptions and one for reads of logs, so that long reads
/// delay no append, and one for its lease, which must not wait behind either; a connection for waiting on queues is made
/// when first used.
public final class RedisBackplane: Backplane, Service {
    /// How many reads of logs are under way at once.
    private static let concurrentReads = 32

    let configuration: RedisConfiguration
    let names: BackplaneNames
    let node: NodeID
    let logger: Logger
    let metrics: RedisMetrics
    let availability: Availability
    let commands: CommandPipeline
    let reads: CommandPipeline
    let leases: CommandPipeline
    let canaryHeard = NIOLockedValueBox<ContinuousClock.Instant?>(nil)
    let readPermits = Permits(concurrentReads)
    let queueReader: QueueReader
    let subscriptions: NIOLoopBoundBox<Subscriptions>
    private let tasks = Mutex<[Task<Void, Never>]>([])

    /// Creates a backplane that is not connected yet.
    ///
    /// - Parameters:
    ///   - configuration: Where Redis is.
    ///   - names: The names of the application.
    ///   - node: This node.
    ///   - eventLoopGroup: Where the connections live.
    ///   - logger: Gets connections made and lost; never a password or a payload.
    public init(
        configuration: RedisConfiguration, names: BackplaneNames, node: NodeID,
        eventLoopGroup: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton,
        logger: Logger = Logger(label: "hubbub.redis")
    ) {
        let commandLoop = eventLoopGroup.next()
        let subscriberLoop = eventLoopGroup.next()
        let availability = Availability(eventLoop: commandLoop, logger: logger)
        self.configuration = configuration
        self.names = names
        self.node = node
        self.logger = logger
        let metrics = RedisMetrics()
        self.metrics = metrics
        self.availability = availability
        commands = CommandPipeline(eventLoop: commandLoop, pendingBytesLimit: configuration.pendingBytesLimit) {
            availability.changed(.commands, isUp: $0)
        }
        reads = CommandPipeline(
            eventLoop: eventLoopGroup.next(), pendingBytesLimit: configuration.pendingBytesLimit
        ) {
            availability.changed(.reads, isUp: $0)
        }
        leases = CommandPipeline(
            eventLoop: eventLoopGroup.next(), pendingBytesLimit: configuration.pendingBytesLimit)
        subscriptions = .makeBoxSendingValue(
            Subscriptions(eventLoop: subscriberLoop, permanent: names.canary(node)) {
                availability.changed(.subscriber, isUp: $0)
            }, eventLoop: subscriberLoop)
        queueReader = QueueReader(
            configuration: configuration, node: node, eventLoop: eventLoopGroup.next(), metrics: metrics,
            logger: logger)
    }

    /// Connects in the background, and again whenever a connection is lost, until ``shutdown()``.
    public func start() {
        tasks.withLock { tasks in
            guard tasks.isEmpty else { return }
            let links = [commandLink, readLink, leaseLink, subscriberLink]
            let renewal = CredentialsRenewal(
                source: configuration.credentials, links: links + [queueReader.link], logger: logger)
            tasks = links.map { link in Task { await link.run() } } + [Task { await renewal.run() }]
        }
    }

    /// Starts, and shuts down when the service is asked to.
    public func run() async throws {
        start()
        try? await gracefulShutdown()
        await shutdown()
    }

    /// Waits for the commands that are under way, at most as long as each may take, and closes the connections.
    ///
    /// Everything fails with `BackplaneError.Code.closed` from now on.
    public func shutdown() async {
        let subscriptions = subscriptions
        subscriptions.eventLoop.execute { subscriptions.value.close() }
        await queueReader.close()
        await leases.close()
        await reads.close()
        await commands.close()
        let tasks = tasks.withLock { $0 }
        for task in tasks {
            task.cancel()
            await task.value
        }
    }

    public var isReady: Bool { availability.isReady }

    public func observeState(_ observe: @escaping @Sendable (BackplaneState) -> Void) {
        availability.observe(observe)
    }

    public func time() async throws -> Int64 {
        guard let parts = try await commands.send("TIME").array, parts.count == 2,
            let seconds = parts[0].number, let microseconds = parts[1].number
        else { throw BackplaneError.unexpectedReply(to: "TIME") }
        return seconds * 1000 + microseconds / 1000
    }
}
