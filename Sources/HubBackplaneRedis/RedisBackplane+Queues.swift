public import HubBackplane
public import NIOCore

extension RedisBackplane {
    /// How many pending items are read at once.
    private static let pendingPage = 100

    public func enqueue(_ item: ByteBuffer, on queue: KeyName) async throws {
        _ = try await commands.send("XADD", .text(queue.rawValue), "*", "e", .bytes(item))
    }

    public func take(
        _ count: Int, from queue: KeyName, consumer: String, wait: Duration?
    ) async throws -> [QueueItem] {
        let read = QueueRead(queue: queue, consumer: consumer, count: count)
        guard let wait else { return try await read.run(on: reads) }
        return try await queueReader.take(read, wait: wait)
    }

    public func pending(on queue: KeyName, consumer: String) async throws -> [QueueItem] {
        var read = QueueRead(queue: queue, consumer: consumer, count: Self.pendingPage, after: "0")
        var items: [QueueItem] = []
        while case let page = try await read.run(on: reads), let last = page.last {
            items += page
            read.after = last.id.rawValue
        }
        return items
    }

    public func acknowledge(_ items: [QueueItem.ID], on queue: KeyName) async throws {
        if items.isEmpty { return }
        let ids = items.map { RESPArgument.text($0.rawValue) }
        let replies = try await commands.send(replies: 2) { buffer in
            buffer.writeCommand(["XACK", .text(queue.rawValue), .text(QueueRead.group)] + ids)
            buffer.writeCommand(["XDEL", .text(queue.rawValue)] + ids)
        }
        try replies.throwFirstError()
    }

    public func consumers(of queue: KeyName) async throws -> Set<String> {
        let reply = try await commands.send {
            $0.writeCommand("XINFO", "CONSUMERS", .text(queue.rawValue), .text(QueueRead.group))
        }[0]
        if let error = reply.error {
            // Nobody has put anything into the queue, or taken from it.
            if error.hasPrefix("NOGROUP") || error.hasPrefix("ERR no such key") { return [] }
            throw BackplaneError(redis: error)
        }
        // Each is a list of names and values, the consumer's name first.
        let names = (reply.array ?? []).compactMap { $0.array?.dropFirst().first?.string }
        return Set(names.map { String(buffer: $0) })
    }

    public func claim(
        _ count: Int, from lost: String, for consumer: String, on queue: KeyName
    ) async throws -> [QueueItem] {
        let claim = QueueClaim(queue: queue, lost: lost, consumer: consumer)
        guard let ids = try await claim.pending(count, on: commands), !ids.isEmpty else {
            try await claim.forgetLost(on: commands)
            return []
        }
        return try await claim.take(ids, on: commands)
    }
}
