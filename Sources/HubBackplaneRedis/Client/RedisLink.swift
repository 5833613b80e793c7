import HubBackplane
import Logging
import NIOCore
import NIOPosix

/// One connection to Redis, made again whenever it is lost.
struct RedisLink: Sendable {
    /// What a connection is for; part of its name in `CLIENT LIST`.
    enum Role: String, Sendable, CaseIterable {
        case commands, reads, leases, subscriber, queue
    }

    let role: Role
    let node: NodeID
    let configuration: RedisConfiguration
    let eventLoop: any EventLoop
    /// The longest pause between two attempts to connect.
    var longestBackoff = Backoff.longest
    let logger: Logger
    /// Makes the handler that uses the connection; called on the event loop.
    let makeHandler: @Sendable () -> any ChannelHandler

    /// Keeps the connection until the task is cancelled.
    func run() async {
        var backoff = Backoff(longest: longestBackoff)
        var isFirstFailure = true
        while !Task.isCancelled {
            do {
                let channel = try await connect()
                let connected = ContinuousClock.now
                logger.info("redis connected")
                isFirstFailure = true
                await waitForClose(of: channel)
                if Task.isCancelled { return }
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
    }

    /// Connects once; returns when the greeting was answered and the handler is in place.
    func connect() async throws -> any Channel {
        let timeout = TimeAmount(configuration.connectTimeout)
        let greeted = eventLoop.makePromise(of: Void.self)
        let greeting = Greeting(configuration: configuration, name: "hubbub-\(node)-\(role)")
        let bootstrap = ClientBootstrap(group: eventLoop)
            .connectTimeout(timeout)
            .channelOption(.socketOption(.so_keepalive), value: 1)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(
                        GreetingHandler(greeting: greeting, timeout: timeout, result: greeted, makeNext: makeHandler))
                }
            }
        let channel: any Channel
        do {
            channel = try await bootstrap.connect(host: configuration.host, port: configuration.port).get()
        } catch {
            greeted.fail(error)
            throw error
        }
        try await greeted.futureResult.get()
        return channel
    }

    private func waitForClose(of channel: any Channel) async {
        await withTaskCancellationHandler {
            try? await channel.closeFuture.get()
        } onCancel: {
            channel.close(promise: nil)
        }
    }
}
