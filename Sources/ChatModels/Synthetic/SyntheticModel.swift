public import NIOCore

/// A model for measuring: it writes stamped chunks at a steady pace, so that whoever receives them can check order, loss,
/// duplicates and latency.
///
/// Chunk k of a reply, counted from 1, is `t=NANOSECONDS;#K;` padded with `.` to the wanted size; NANOSECONDS is the
/// machine's `CLOCK_MONOTONIC` when the chunk was produced. It is due k intervals after the reply began. A reply that is
/// late, because ``ChatModel/reply(to:receive:)``'s receiver held it up, catches up instead of drifting.
///
/// A prompt such as `chunks=50,interval=0ms,size=40` overrides the settings for its reply, see ``Settings``; any other
/// prompt is answered with the model's own settings.
public struct SyntheticModel: ChatModel {
    /// Chunks that may follow each other before other tasks get a turn.
    private static let chunksPerTurn = 64

    private let settings: Settings
    private let limits: Limits
    private let pacers: [Pacer]

    /// - Parameters:
    ///   - settings: What a reply looks like when its prompt does not say.
    ///   - limits: How far a prompt may go.
    ///   - eventLoopGroup: Keeps the time. A task that asks for a reply on one of its event loops, by a task executor, is
    ///     woken there, which costs no change of threads.
    public init(settings: Settings = Settings(), limits: Limits = Limits(), eventLoopGroup: any EventLoopGroup) {
        self.settings = settings
        self.limits = limits.including(settings)
        self.pacers = eventLoopGroup.makeIterator().map(Pacer.init)
    }

    public func reply(
        to request: ChatRequest, receive: (ChatUpdate) async throws -> Void
    ) async throws -> ChatReplyEnd {
        let settings = try limits.checked(settings.overridden(by: request.prompt))
        let pacer = pacers.first { $0.eventLoop.inEventLoop } ?? pacers[0]
        // One buffer for the whole reply: it is only copied when a receiver still holds the chunk before.
        var text = ByteBuffer()
        var now = NIODeadline.now()
        var due = now
        var turn = 0
        var number = 0
        while number < settings.chunks {
            number += 1
            due = due + settings.interval
            if due > now {
                now = .now()
            }
            if due > now {
                repeat {
                    await pacer.wait(until: due, now: now)
                    try Task.checkCancellation()
                    now = .now()
                } while due > now
                turn = 0
            } else {
                turn += 1
                if turn == Self.chunksPerTurn {
                    await Task.yield()
                    turn = 0
                }
                try Task.checkCancellation()
                now = .now()
            }
            text.clear()
            text.writeStamp(nanoseconds: now.uptimeNanoseconds, number: UInt64(number), size: settings.size)
            try await receive(.text(text))
        }
        return ChatReplyEnd(finish: .stop)
    }
}

extension ByteBuffer {
    /// Writes one chunk. By hand, because at 50,000 chunks a second formatting with `String` would be the largest cost.
    mutating func writeStamp(nanoseconds: UInt64, number: UInt64, size: Int) {
        let longestStamp = "t=;#;".utf8.count + 2 * 20
        writeWithUnsafeMutableBytes(minimumWritableBytes: max(size, longestStamp)) { bytes in
            var end = 0
            bytes[end] = UInt8(ascii: "t")
            bytes[end + 1] = UInt8(ascii: "=")
            end = bytes.writeDecimal(nanoseconds, at: end + 2)
            bytes[end] = UInt8(ascii: ";")
            bytes[end + 1] = UInt8(ascii: "#")
            end = bytes.writeDecimal(number, at: end + 2)
            bytes[end] = UInt8(ascii: ";")
            end += 1
            while end < size {
                bytes[end] = UInt8(ascii: ".")
                end += 1
            }
            return end
        }
    }
}

extension UnsafeMutableRawBufferPointer {
    /// Returns the index after the last digit.
    fileprivate func writeDecimal(_ value: UInt64, at start: Int) -> Int {
        var digits = 1
        var bound: UInt64 = 10
        while digits < 20, value >= bound {
            digits += 1
            bound = digits < 20 ? bound &* 10 : bound
        }
        var rest = value
        for index in (start..<start + digits).reversed() {
            let quotient = rest / 10
            self[index] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest &- quotient &* 10)
            rest = quotient
        }
        return start + digits
    }
}
