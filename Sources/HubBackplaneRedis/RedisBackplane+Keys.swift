public import HubBackplane
public import NIOCore

extension RedisBackplane {
    public func set(
        _ key: KeyName, to value: ByteBuffer, timeToLive: Duration, onlyIfAbsent: Bool
    ) async throws -> Bool {
        let condition: [RESPArgument] = onlyIfAbsent ? ["NX"] : []
        let reply = try await commands.send {
            $0.writeCommand(
                ["SET", .text(key.rawValue), .bytes(value), "PX", .number(timeToLive.milliseconds)] + condition)
        }[0]
        if let error = reply.error { throw BackplaneError(redis: error) }
        return reply != .null
    }

    public func get(_ key: KeyName) async throws -> ByteBuffer? {
        try await commands.send("GET", .text(key.rawValue)).string
    }

    public func expire(_ keys: [KeyName], after timeToLive: Duration) {
        guard !keys.isEmpty else { return }
        commands.send(
            replies: keys.count, readsPayloads: false,
            encode: { buffer in
                for key in keys {
                    buffer.writeExpire(key, after: timeToLive)
                }
            }, complete: { _ in })
    }
}
