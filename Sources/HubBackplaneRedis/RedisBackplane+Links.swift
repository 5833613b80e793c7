import HubBackplane
import Logging
import NIOConcurrencyHelpers
import NIOCore

extension RedisBackplane {
    var commandLink: RedisLink {
        link(.commands, on: commands.eventLoop, renewal: .authenticate(commands), configuration: configuration) {
            [self] logger in
            checkMemoryPolicy()
            return commandHandler(of: commands, .commands, configuration: configuration, logger: logger)
        }
    }

    var readLink: RedisLink {
        link(.reads, on: reads.eventLoop, renewal: .authenticate(reads), configuration: configuration) {
            [self] logger in
            commandHandler(of: reads, .reads, configuration: configuration, logger: logger)
        }
    }

    /// A node that came back later than others judge would be dead to them although it lives, so this connection is given up
    /// and made again sooner than the others.
    var leaseLink: RedisLink {
        var configuration = configuration
        configuration.commandTimeout = min(configuration.commandTimeout, .seconds(2))
        configuration.connectTimeout = min(configuration.connectTimeout, .seconds(1))
        return link(
            .leases, on: leases.eventLoop, renewal: .authenticate(leases), configuration: configuration,
            longestBackoff: .milliseconds(500)
        ) { [self, configuration] logger in
            commandHandler(of: leases, .leases, configuration: configuration, logger: logger)
        }
    }

    var subscriberLink: RedisLink {
        let canary = names.canary(node)
        return link(.subscriber, on: subscriptions.eventLoop, renewal: .replace, configuration: configuration) {
            [self] logger in
            SubscriberHandler(
                subscriptions: subscriptions.value, canary: ChannelKey(canary),
                publishCanary: { [self] number, complete in
                    leases.send(encode: { $0.writeCommand("PUBLISH", .text(canary.rawValue), .text(String(number))) }) {
                        complete((try? $0.get()[0].integer) != nil)
                    }
                },
                canaryHeard: { [self] time in
                    canaryHeard.withLockedValue { $0 = .now }
                    if let time { metrics.heardCanary(after: time) }
                }, logger: logger)
        }
    }

    private func link(
        _ role: RedisLink.Role, on eventLoop: any EventLoop, renewal: RedisLink.Renewal,
        configuration: RedisConfiguration,
        longestBackoff: Duration = Backoff.longest,
        makeHandler: @escaping @Sendable (Logger) -> any ChannelHandler
    ) -> RedisLink {
        var logger = logger
        logger[metadataKey: "redis"] = "\(configuration)"
        logger[metadataKey: "connection"] = "\(role)"
        return RedisLink(
            role: role, node: node, configuration: configuration, eventLoop: eventLoop, renewal: renewal,
            longestBackoff: longestBackoff, metrics: metrics, logger: logger,
            makeHandler: { [logger] in makeHandler(logger) })
    }

    private func commandHandler(
        of pipeline: CommandPipeline, _ role: RedisLink.Role, configuration: RedisConfiguration, logger: Logger
    ) -> CommandHandler {
        CommandHandler(
            pipeline: pipeline, timeout: TimeAmount(configuration.commandTimeout), timer: metrics.timer(of: role),
            logger: logger)
    }

    /// Any other policy than `noeviction` may drop the log of a live reply.
    private func checkMemoryPolicy() {
        let policy = "maxmemory-policy"
        commands.eventLoop.execute { [self] in
            commands.send(encode: { $0.writeCommand("CONFIG", "GET", .text(policy)) }) { [logger] result in
                guard let value = (try? result.get())?[0].array?.last?.string.map({ String(buffer: $0) }) else {
                    return logger.notice("redis does not tell its \(policy); it must be noeviction")
                }
                if value != "noeviction" {
                    logger.warning("redis must run with \(policy) noeviction", metadata: ["now": "\(value)"])
                }
            }
        }
    }
}
