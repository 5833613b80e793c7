public import HubBackplane
import NIOCore

extension RedisBackplane {
    public func append(
        _ append: LogAppend, completion: @escaping @Sendable (Result<LogAppendOutcome, BackplaneError>) -> Void
    ) {
        commands.send(
            replies: append.commandCount, readsPayloads: false, encode: append.encode(into:),
            feeding: append.followers, with: append.payload
        ) { result in
            completion(result.flatMap(LogAppendOutcome.decode))
        }
    }

    public func append(_ append: LogAppend, ifLastIs last: LogID?) async throws -> Bool {
        let arguments: [RESPArgument] = [
            "1", .text(append.log.rawValue), .text(last?.description ?? ""), .text(append.id.description),
            .bytes(append.payload), .text(append.channel?.rawValue ?? ""),
            .number(append.timeToLive?.milliseconds ?? 0), .text(append.keeping.map(String.init) ?? ""),
        ]
        var reply = try await commands.send {
            $0.writeCommand(["EVALSHA", .text(ConditionalAppend.digest)] + arguments)
        }[0]
        if reply.error?.hasPrefix("NOSCRIPT") == true {
            reply = try await commands.send {
                $0.writeCommand(["EVAL", .text(ConditionalAppend.script)] + arguments)
            }[0]
        }
        if let error = reply.error { throw BackplaneError(redis: error) }
        return reply == .integer(1)
    }

    public func read(_ log: KeyName, after: LogID?) async throws -> LogPage {
        let start = after.map { "(\($0)" } ?? "-"
        let entries = try await readEntries(
            "XRANGE", .text(log.rawValue), .text(start), "+", "COUNT", .number(Int64(LogPage.limit)))
        return LogPage(entries: entries, isLast: entries.count < LogPage.limit)
    }

    public func lastEntry(of log: KeyName) async throws -> LogEntry? {
        try await readEntries("XREVRANGE", .text(log.rawValue), "+", "-", "COUNT", "1").first
    }

    private func readEntries(_ arguments: RESPArgument...) async throws -> [LogEntry] {
        let reply = try await readPermits.withPermit { try await reads.send { $0.writeCommand(arguments) } }[0]
        if let error = reply.error { throw BackplaneError(redis: error) }
        return try (reply.array ?? []).map { value in
            guard let parts = value.array, parts.count == 2, let id = parts[0].string.flatMap(LogID.init(redis:)),
                let payload = parts[1].array?.last?.string
            else { throw BackplaneError.unexpectedReply(to: "XRANGE") }
            return LogEntry(id: id, payload: payload)
        }
    }
}
