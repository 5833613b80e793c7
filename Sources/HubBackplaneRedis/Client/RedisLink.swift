import HubBackplane
import Logging
import NIOCore
import NIOPosix
import Synchronization

/// One connection to Redis, made again whenever it is lost, and replaced or authenticated anew when credentials change.
final class RedisLink: Sendable {
    /// What a connection is for; part of its name in `CLIENT LIST`.
    enum Role: String, Sendable, CaseIterable {
        case commands, reads, leases, subscriber, queue
    }

    /// How a connection that lives gets new credentials.
    enum Renewal: Sendable {
        /// It is told them between two commands.
        case authenticate(CommandPipeline)
        /// Another connection takes its place: one that subscribes may send no `AUTH`.
        case replace
    }

    private struct Connection: Sendable {
        let channel: any Channel
        var credentials: RedisCredentials?
    }

    private struct State {
        var current: Connection?
        /// The connection that is to take the place of the current one.
        var replacement: Task<Connection, any Error>?
        var backoff = Backoff(longest: .seconds(30))
        var pausedUntil: ContinuousClock.Instant?
    }

    let role: Role
    let node: NodeID
    let configuration: RedisConfiguration
    let eventLoop: any EventLoop
    let renewal: Renewal
    /// The longest pause between two attempts to connect.
    private let longestBackoff: Duration
    private let metrics: RedisMetrics
    private let logger: Logger
    private let state = Mutex(State())
    /// Makes the handler that uses the connection; called on the event loop.
    private let makeHandler: @Sendable () -> any ChannelHandler

    init(
        role: Role, node: NodeID, configuration: RedisConfiguration, eventLoop: any EventLoop, renewal: Renewal,
        longestBackoff: Duration = Backoff.longest, metrics: RedisMetrics, logger: Logger,
        makeHandler: @escaping @Sendable () -> any ChannelHandler
    ) {
        self.role = role
        self.node = node
        self.configuration = configuration
        self.eventLoop = eventLoop
        self.renewal = renewal
        self.longestBackoff = longestBackoff
        self.metrics = metrics
        self.logger = logger
        self.makeHandler = makeHandler
    }

    /// Keeps the connection until the task is cancelled.
    func run() async {
        var backoff = Backoff(longest: longestBackoff)
        var isFirstFailure = true
        var isFirstConnection = true
        while !Task.isCancelled {
            do {
                var channel = try await connect()
                let connected = ContinuousClock.now
                logger.info("redis connected")
                if !isFirstConnection { metrics.reconnected(role) }
                isFirstConnection = false
                isFirstFailure = true
                await waitForClose(of: channel)
                while !Task.isCancelled, let next = await takeReplacement() {
                    channel = next
                    await waitForClose(of: channel)
                }
                if Task.isCancelled { break }
                logger.warning("redis connection lost")
                // A server that closes every connection at once is one that cannot be used.
                if ContinuousClock.now - connected > longestBackoff { backoff.reset() }
            } catch {
                logger.log(
                    level: isFirstFailure ? .warning : .debug, "redis cannot be connected",
                    metadata: ["error": "\(error)"])
                isFirstFailure = false
            }
            try? await Task.sleep(for: backoff.next())
        }
        _ = try? await state.withLock { $0.replacement }?.value.channel.close()
    }

    /// Connects; returns when the greeting was answered and the handler is in place. Credentials that are refused are asked for
    /// once more.
    func connect() async throws -> any Channel {
        let source = configuration.credentials
        let credentials = try await source.read(nil)
        let connection: Connection
        do {
            connection = try await connect(showing: credentials)
        } catch let error as RedisConnectError where error.isRefusal {
            guard let other = try await source.read(credentials), other != credentials else { throw error }
            connection = try await connect(showing: other)
        }
        state.withLock { $0.current = connection }
        return connection.channel
    }

    /// Closes the connection.
    func close() async {
        try? await state.withLock { $0.current }?.channel.close()
    }

    private func connect(showing credentials: RedisCredentials?) async throws -> Connection {
        let timeout = TimeAmount(configuration.connectTimeout)
        let greeted = eventLoop.makePromise(of: Void.self)
        let greeting = Greeting(
            credentials: credentials, database: configuration.database, name: "hubbub-\(node)-\(role)")
        let encryption = try configuration.tls.map { try RedisEncryption($0, host: configuration.host) }
        let bootstrap = ClientBootstrap(group: eventLoop)
            .connectTimeout(timeout)
            .channelOption(.socketOption(.so_keepalive), value: 1)
            .channelInitializer { [makeHandler] channel in
                channel.eventLoop.makeCompletedFuture {
                    try encryption?.addHandler(to: channel)
                    try channel.pipeline.syncOperations.addHandler(
                        GreetingHandler(greeting: greeting, timeout: timeout, result: greeted, makeNext: makeHandler))
                }
            }
        let channel: any Channel
        do {
            channel = try await bootstrap.connect(host: configuration.host, port: configuration.port).get()
        } catch {
            greeted.fail(error)
            throw (error as? NIOConnectionError).map(RedisUnreachable.init) ?? error
        }
        do {
            try await greeted.futureResult.get()
        } catch {
            throw RedisEncryption.failure(error, at: configuration) ?? error
        }
        return Connection(channel: channel, credentials: credentials)
    }

    private func waitForClose(of channel: any Channel) async {
        await withTaskCancellationHandler {
            try? await channel.closeFuture.get()
        } onCancel: {
            channel.close(promise: nil)
        }
    }
}

// MARK: New credentials

extension RedisLink {
    /// Shows new credentials over the connection that there is. One that has them already, or refused them a moment ago, is left
    /// alone.
    func renew(with credentials: RedisCredentials) async {
        let current = state.withLock { state -> Connection? in
            guard let current = state.current, current.channel.isActive, current.credentials != credentials,
                state.pausedUntil.map({ $0 <= .now }) ?? true
            else { return nil }
            return current
        }
        guard let current else { return }
        do {
            switch renewal {
            case .authenticate(let pipeline):
                let reply = try await pipeline.send { $0.writeCommand(credentials.command) }[0]
                if let error = reply.error { throw RedisConnectError(refusal: error) }
                state.withLock { state in
                    if state.current?.channel === current.channel { state.current?.credentials = credentials }
                }
            case .replace: try await replace(current.channel, showing: credentials)
            }
            state.withLock { state in
                state.backoff.reset()
                state.pausedUntil = nil
            }
            logger.info("redis was shown new credentials")
        } catch {
            if (error as? RedisConnectError)?.isRefusal == true {
                _ = try? await configuration.credentials.read(credentials)
            }
            let isFirst = state.withLock { state in
                defer { state.pausedUntil = .now + state.backoff.next() }
                return state.pausedUntil == nil
            }
            if Task.isCancelled { return }
            logger.log(
                level: isFirst ? .warning : .debug, "redis was not shown new credentials",
                metadata: ["error": "\(error)"])
        }
    }

    /// Makes another connection, to which the handler in it takes over everything; the one before is closed then.
    private func replace(_ channel: any Channel, showing credentials: RedisCredentials) async throws {
        let task = Task { try await connect(showing: credentials) }
        state.withLock { $0.replacement = task }
        let isReplaced = eventLoop.makePromise(of: Bool.self)
        do {
            let new = try await task.value.channel
            // Whichever is closed first tells how it went.
            channel.closeFuture.whenComplete { _ in isReplaced.succeed(true) }
            new.closeFuture.whenComplete { _ in isReplaced.succeed(false) }
        } catch {
            isReplaced.succeed(false)
            state.withLock { $0.replacement = nil }
            throw error
        }
        guard try await isReplaced.futureResult.get() else {
            state.withLock { $0.replacement = nil }
            throw RedisConnectError("the connection was closed before it could take over")
        }
    }

    /// The connection that has taken the place of the one that was closed, if any.
    private func takeReplacement() async -> (any Channel)? {
        let task = state.withLock { state in
            defer { state.replacement = nil }
            return state.replacement
        }
        guard let connection = try? await task?.value, connection.channel.isActive else { return nil }
        state.withLock { $0.current = connection }
        return connection.channel
    }
}
