import HubBackplane
import NIOCore

extension LogAppend {
    /// How many commands it is written as.
    var commandCount: Int { 1 + (channel == nil ? 0 : 1) + (timeToLive == nil ? 0 : 1) + (keeping == nil ? 0 : 1) }

    /// Writes `XADD log [NOMKSTREAM] EPOCH-SEQ e PAYLOAD`, `PUBLISH channel PAYLOAD` where there is a channel and, where
    /// they are given, `PEXPIRE log` and `XTRIM log MAXLEN COUNT`.
    func encode(into buffer: inout ByteBuffer) {
        let names = log.rawValue.utf8.count + (channel?.rawValue.utf8.count ?? 0)
        buffer.writeCommands(atMost: names + 2 * payload.readableBytes + 14 * RESPEncoder.size(ofString: 10)) {
            encoder in
            encoder.literal(creates ? "*5\r\n$4\r\nXADD\r\n" : "*6\r\n$4\r\nXADD\r\n")
            encoder.string(log.rawValue)
            if !creates { encoder.literal("$10\r\nNOMKSTREAM\r\n") }
            encoder.string(id)
            encoder.literal("$1\r\ne\r\n")
            encoder.string(payload)
            if let channel { encoder.publish(payload, to: channel) }
        }
        if let timeToLive { buffer.writeExpire(log, after: timeToLive) }
        if let keeping { buffer.writeCommand("XTRIM", .text(log.rawValue), "MAXLEN", .number(Int64(keeping))) }
    }
}

extension LogAppendOutcome {
    /// The outcome that the replies to ``LogAppend/encode(into:)`` tell.
    static func decode(_ replies: [RESPValue]) -> Result<LogAppendOutcome, BackplaneError> {
        switch replies[0] {
        case .string: replies.count == 1 ? .success(.accepted) : receiverCount(replies[1]).map { _ in .accepted }
        case .null: .success(.missing)
        case .error(let message) where message.hasPrefix("ERR The ID specified in XADD is equal or smaller"):
            .success(.refused)
        case .error(let message): .failure(BackplaneError(redis: message))
        case .array, .integer, .status: .failure(.unexpectedReply(to: "XADD"))
        }
    }
}

extension RESPEncoder {
    /// Writes `PUBLISH channel MESSAGE`.
    mutating func publish(_ message: ByteBuffer, to channel: ChannelName) {
        literal("*3\r\n$7\r\nPUBLISH\r\n")
        string(channel.rawValue)
        string(message)
    }
}

extension LogID {
    /// An id as Redis writes it.
    init?(redis bytes: ByteBuffer) {
        let parts = String(buffer: bytes).split(separator: "-")
        guard parts.count == 2, let epoch = UInt64(parts[0]), let seq = UInt64(parts[1]) else { return nil }
        self.init(epoch: epoch, seq: seq)
    }
}

extension ByteBuffer {
    mutating func writeExpire(_ key: KeyName, after timeToLive: Duration) {
        writeCommand("PEXPIRE", .text(key.rawValue), .number(timeToLive.milliseconds))
    }
}
