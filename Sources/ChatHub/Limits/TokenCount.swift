import HubBackplane
import NIOCore

/// How many tokens users have used today, counted across nodes.
///
/// A user's day is a log that keeps one entry, the sum so far: of two nodes that add at once the later one's entry is
/// refused, and it adds to the other one's sum.
struct TokenCount: Sendable {
    private static let attempts = 20
    private static let millisecondsPerDay: Int64 = 24 * 3600 * 1000

    let backplane: any Backplane
    let names: BackplaneNames

    /// - Parameter now: Milliseconds since 1970.
    func used(by user: String, now: Int64) async throws -> Int {
        sum(in: try await backplane.lastEntry(of: log(of: user, now: now)))
    }

    /// Adds what a reply has taken.
    func add(_ tokens: Int, of user: String) async throws {
        let log = log(of: user, now: try await backplane.time())
        for _ in 0..<Self.attempts {
            let last = try await backplane.lastEntry(of: log)
            let (sum, isTooMuch) = sum(in: last).addingReportingOverflow(tokens)
            let append = LogAppend(
                log: log, channel: nil, id: LogID(epoch: 1, seq: (last?.id.seq ?? 0) + 1),
                payload: ByteBuffer(integer: isTooMuch ? Int64.max : Int64(sum)), creates: true,
                timeToLive: .seconds(2 * 24 * 3600), keeping: 1)
            if try await backplane.append(append) == .accepted { return }
        }
        throw BackplaneError(.refused, "others were quicker each time")
    }

    /// When the next day begins.
    static func untilTomorrow(now: Int64) -> Duration { .milliseconds(millisecondsPerDay - now % millisecondsPerDay) }

    private func log(of user: String, now: Int64) -> KeyName {
        names.tokens(of: user, day: now / Self.millisecondsPerDay)
    }

    private func sum(in entry: LogEntry?) -> Int {
        entry?.payload.getInteger(at: entry?.payload.readerIndex ?? 0, as: Int64.self).map(Int.init) ?? 0
    }
}
