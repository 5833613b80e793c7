public import HubBackplane
import NIOCore

/// A sorted set: what a member scores is when its time is over.
extension RedisBackplane {
    public func enter(
        _ member: String, into set: KeyName, until end: Int64, now: Int64, limit: Int
    ) async throws -> Bool {
        let key = RESPArgument.text(set.rawValue)
        let found = try await commands.send(replies: 3) { buffer in
            buffer.writeCommand("ZREMRANGEBYSCORE", key, "-inf", .number(now))
            buffer.writeCommand("ZCARD", key)
            buffer.writeCommand("ZSCORE", key, .text(member))
        }
        try found.throwFirstError()
        guard let count = found[1].integer else { throw BackplaneError.unexpectedReply(to: "ZCARD") }
        guard count < limit || found[2] != .null else { return false }
        let replies = try await commands.send(replies: 5) { buffer in
            buffer.writeCommand("MULTI")
            buffer.writeCommand("ZADD", key, .number(end), .text(member))
            // The key lives as long as any of its members. To GT one without a time to live would live for ever.
            buffer.writeCommand("PEXPIREAT", key, .number(end), "NX")
            buffer.writeCommand("PEXPIREAT", key, .number(end), "GT")
            buffer.writeCommand("EXEC")
        }
        try (replies + (replies.last?.array ?? [])).throwFirstError()
        return true
    }

    public func leave(_ member: String?, from set: KeyName) async throws {
        guard let member else {
            _ = try await commands.send("DEL", .text(set.rawValue))
            return
        }
        _ = try await commands.send("ZREM", .text(set.rawValue), .text(member))
    }

    public func members(of set: KeyName, now: Int64) async throws -> Set<String> {
        let reply = try await commands.send(
            "ZRANGEBYSCORE", .text(set.rawValue), .text("(\(now)"), "+inf")
        return Set((reply.array ?? []).compactMap { $0.string.map { String(buffer: $0) } })
    }
}
