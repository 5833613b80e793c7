import HubBackplane
import NIOCore

/// Items that a lost consumer has taken are handed to another one.
struct QueueClaim {
    /// Who claims an item has it to itself for this long: others leave alone what has just been handed over. What a lost
    /// consumer holds is older, since it has to be lost for some time before anybody knows.
    private static let unclaimedFor = Duration.seconds(1)

    /// Deletes a consumer that holds nothing: with it would go what it holds, and nobody would be told.
    private static let forget = """
        if #redis.call('XPENDING', KEYS[1], ARGV[1], '-', '+', 1, ARGV[2]) > 0 then return 0 end
        return redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], ARGV[2])
        """

    let queue: KeyName
    let lost: String
    let consumer: String

    /// What the lost consumer holds; `nil` where the queue is gone.
    func pending(_ count: Int, on pipeline: CommandPipeline) async throws -> [ByteBuffer]? {
        let reply = try await pipeline.send {
            $0.writeCommand(
                "XPENDING", .text(queue.rawValue), .text(QueueRead.group), "-", "+", .number(Int64(count)), .text(lost))
        }[0]
        if let error = reply.error {
            if error.hasPrefix("NOGROUP") { return nil }
            throw BackplaneError(redis: error)
        }
        return (reply.array ?? []).compactMap { $0.array?.first?.string }
    }

    func take(_ ids: [ByteBuffer], on pipeline: CommandPipeline) async throws -> [QueueItem] {
        let command: [RESPArgument] = [
            "XCLAIM", .text(queue.rawValue), .text(QueueRead.group), .text(consumer),
            .number(Self.unclaimedFor.milliseconds),
        ]
        let reply = try await pipeline.send { $0.writeCommand(command + ids.map { .bytes($0) }) }[0]
        if let error = reply.error { throw BackplaneError(redis: error) }
        return (reply.array ?? []).compactMap(QueueItem.init)
    }

    func forgetLost(on pipeline: CommandPipeline) async throws {
        let reply = try await pipeline.send {
            $0.writeCommand(
                "EVAL", .text(Self.forget), "1", .text(queue.rawValue), .text(QueueRead.group), .text(lost))
        }[0]
        if let error = reply.error, !error.contains("NOGROUP"), !error.contains("no such key") {
            throw BackplaneError(redis: error)
        }
    }
}
