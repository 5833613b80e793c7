public import HubBackplane
import NIOCore

extension RedisBackplane {
    public func change(
        _ set: KeyName, add: Set<String>, remove: Set<String>, timeToLive: Duration
    ) async throws {
        let edits = [("SADD", add), ("SREM", remove)].filter { !$0.1.isEmpty }
        if edits.isEmpty { return }
        let replies = try await commands.send(replies: edits.count + 1) { buffer in
            for (command, members) in edits { buffer.writeSet(command, set, members) }
            buffer.writeExpire(set, after: timeToLive)
        }
        try replies.throwFirstError()
    }

    public func replace(_ set: KeyName, with members: Set<String>, timeToLive: Duration) async throws {
        let replies = try await commands.send(replies: members.isEmpty ? 1 : 5) { buffer in
            if members.isEmpty { return buffer.writeCommand("DEL", .text(set.rawValue)) }
            // In between a reader would find nobody there.
            buffer.writeCommand("MULTI")
            buffer.writeCommand("DEL", .text(set.rawValue))
            buffer.writeSet("SADD", set, members)
            buffer.writeExpire(set, after: timeToLive)
            buffer.writeCommand("EXEC")
        }
        let results = replies + (replies.last?.array ?? [])
        try results.throwFirstError()
    }

    public func members(of sets: [KeyName]) async throws -> [Set<String>] {
        try await read("SMEMBERS", of: sets).map { reply in
            Set((reply.array ?? []).compactMap { $0.string.map { String(buffer: $0) } })
        }
    }

    public func memberCounts(of sets: [KeyName]) async throws -> [Int] {
        try await read("SCARD", of: sets).map { $0.integer ?? 0 }
    }

    private func read(_ command: String, of sets: [KeyName]) async throws -> [RESPValue] {
        if sets.isEmpty { return [] }
        let replies = try await readPermits.withPermit {
            try await reads.send(replies: sets.count) { buffer in
                for set in sets { buffer.writeCommand(.text(command), .text(set.rawValue)) }
            }
        }
        try replies.throwFirstError()
        return replies
    }
}

extension ByteBuffer {
    fileprivate mutating func writeSet(_ command: String, _ set: KeyName, _ members: Set<String>) {
        writeCommand([.text(command), .text(set.rawValue)] + members.map { .text($0) })
    }
}
