import HubBackplane
import NIOCore

/// One read of a queue by a consumer of its group.
struct QueueRead {
    /// The one consumer group of every queue.
    static let group = "hubbub"

    let queue: KeyName
    let consumer: String
    let count: Int
    /// `>` reads what nobody has taken, an id what this consumer took after it and did not acknowledge.
    var after = ">"

    /// - Parameter block: How long to wait for the first item.
    func run(on pipeline: CommandPipeline, block: Duration? = nil) async throws -> [QueueItem] {
        var reply = try await send(on: pipeline, block: block)
        if reply.error?.hasPrefix("NOGROUP") == true {
            try await createGroup(on: pipeline)
            reply = try await send(on: pipeline, block: block)
        }
        if let error = reply.error {
            // The queue was deleted while the read was blocked.
            if error.hasPrefix("UNBLOCKED") { return [] }
            throw BackplaneError(redis: error)
        }
        guard let streams = reply.array else { return [] }
        return streams.first?.array?.last?.array?.compactMap(QueueItem.init) ?? []
    }

    private func send(on pipeline: CommandPipeline, block: Duration?) async throws -> RESPValue {
        let command: [RESPArgument] = ["XREADGROUP", "GROUP", .text(Self.group), .text(consumer)]
        let limits: [RESPArgument] =
            ["COUNT", .number(Int64(count))] + (block.map { ["BLOCK", .number($0.milliseconds)] } ?? [])
        let streams: [RESPArgument] = ["STREAMS", .text(queue.rawValue), .text(after)]
        return try await pipeline.send { $0.writeCommand(command + limits + streams) }[0]
    }

    /// Creates the group from the queue's beginning: from its end it would skip what is queued already.
    private func createGroup(on pipeline: CommandPipeline) async throws {
        let reply = try await pipeline.send {
            $0.writeCommand("XGROUP", "CREATE", .text(queue.rawValue), .text(Self.group), "0", "MKSTREAM")
        }[0]
        if let error = reply.error, !error.hasPrefix("BUSYGROUP") { throw BackplaneError(redis: error) }
    }
}

extension QueueItem {
    /// An item as a stream entry `[id, [field, value]]`; `nil` for one that was deleted.
    init?(_ value: RESPValue) {
        guard let parts = value.array, parts.count == 2, let id = parts[0].string.map({ String(buffer: $0) }),
            let payload = parts[1].array?.last?.string,
            let milliseconds = id.split(separator: "-").first.flatMap({ Int64($0) })
        else { return nil }
        self.init(id: QueueItem.ID(id), payload: payload, enqueuedAt: milliseconds)
    }
}

extension Duration {
    /// Whole milliseconds, at least one.
    var milliseconds: Int64 {
        max(1, components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000)
    }
}
