public import HubBackplane
import NIOCore

/// A sorted set: what a member scores is when its time is over.
extension RedisBackplane {
    public func enter(
        _ member: String, into set: KeyName, until end: Int64, now: Int64, limit: Int
    ) async throws -> Bool {
        let key = RESPArgument.text(set.rawValue)
        let replies = try await commands.send(replies: 7) { buffer in
            buffer.writeCommand("MULTI")
            buffer.writeCommand("ZREMRANGEBYSCORE", key, "-inf", .number(now))
            buffer.writeCommand("ZADD", key, .number(end), .text(member))
            buffer.writeCommand("ZCARD", key)
            // The key lives as long as any of its members. To GT one without a time to live would live for ever.
            buffer.writeCommand("PEXPIREAT", key, .number(end), "NX")
            buffer.writeCommand("PEXPIREAT", key, .number(end), "GT")
            buffer.writeCommand("EXEC")
        }
        let results = replies.last?.array ?? []
        try (replies + results).throwFirstError()
        guard results.count == 5, let added = results[1].integer, let count = results[2].integer else {
            throw BackplaneError.unexpectedReply(to: "EXEC")
        }
        guard added > 0, count > limit else { return true }
        // It went in first and is taken out again: of those that come at the same moment each counts the others. Where that fails
        // it stays until its end, but it was not let in.
        try? await leave(member, from: set)
        return false
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
