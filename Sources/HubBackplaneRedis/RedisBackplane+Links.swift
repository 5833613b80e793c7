import HubBackplane
import Logging
import NIOCore

extension RedisBackplane {
    var commandLink: RedisLink {
        link(.commands, on: commands.eventLoop) { [self] logger in
            checkMemoryPolicy()
            return commandHandler(of: commands, logger: logger)
        }
    }

    var readLink: RedisLink {
        link(.reads, on: reads.eventLoop) { [self] logger in commandHandler(of: reads, logger: logger) }
    }

    var subscriberLink: RedisLink {
        let canary = names.canary(node)
        return link(.subscriber, on: subscriptions.eventLoop) { [self] logger in
            SubscriberHandler(
                subscriptions: subscriptions.value, canary: ChannelKey(canary),
                publishCanary: { [self] number, complete in
                    publish(ByteBuffer(string: String(number)), to: canary) { result in
                        complete((try? result.get()) != nil)
                    }
                }, logger: logger)
        }
    }

    private func link(
        _ role: RedisLink.Role, on eventLoop: any EventLoop,
        makeHandler: @escaping @Sendable (Logger) -> any ChannelHandler
    ) -> RedisLink {
        var logger = logger
        logger[metadataKey: "redis"] = "\(configuration)"
        logger[metadataKey: "connection"] = "\(role)"
        return RedisLink(
            role: role, node: node, configuration: configuration, eventLoop: eventLoop, logger: logger,
            makeHandler: { [logger] in makeHandler(logger) })
    }

    private func commandHandler(of pipeline: CommandPipeline, logger: Logger) -> CommandHandler {
        CommandHandler(pipeline: pipeline, timeout: TimeAmount(configuration.commandTimeout), logger: logger)
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
