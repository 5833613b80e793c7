import HubBackplane
import Logging
import NIOCore

/// Waits for items of queues over a connection of its own, which is made when first used: a blocking read holds up
/// everything behind it.
final class QueueReader: Sendable {
    /// The longest a single read blocks, so that a connection that died meanwhile is found soon.
    private static let longestBlock = Duration.seconds(2)

    let link: RedisLink
    private let pipeline: CommandPipeline
    private let turns = Permits(1)

    init(
        configuration: RedisConfiguration, node: NodeID, eventLoop: any EventLoop, metrics: RedisMetrics,
        logger: Logger
    ) {
        let pipeline = CommandPipeline(eventLoop: eventLoop, pendingBytesLimit: configuration.pendingBytesLimit)
        self.pipeline = pipeline
        link = RedisLink(
            role: .queue, node: node, configuration: configuration, eventLoop: eventLoop,
            renewal: .authenticate(pipeline), metrics: metrics, logger: logger,
            makeHandler: {
                CommandHandler(pipeline: pipeline, timeout: TimeAmount(configuration.commandTimeout), logger: logger)
            })
    }

    /// Takes items, waiting for the first one.
    func take(_ request: QueueRead, wait: Duration) async throws -> [QueueItem] {
        try await turns.withPermit {
            try await connectIfNeeded()
            let end = ContinuousClock.now + wait
            while true {
                let rest = ContinuousClock.now.duration(to: end)
                let block = min(rest, Self.longestBlock, link.configuration.commandTimeout / 2)
                let items = try await request.run(on: pipeline, block: max(block, .milliseconds(1)))
                if !items.isEmpty { return items }
                try Task.checkCancellation()
                if ContinuousClock.now >= end { return [] }
            }
        }
    }

    /// Closes the connection; a read that is waiting fails.
    func close() async {
        await link.close()
        await pipeline.close()
    }

    private func connectIfNeeded() async throws {
        if pipeline.isUp { return }
        do {
            _ = try await link.connect()
        } catch {
            throw BackplaneError(.unavailable, "there is no connection to Redis")
        }
    }
}
