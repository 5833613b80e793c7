import FoundationEssentials
import NIOHTTP1

/// When and how often a request is made again that failed before the first text.
public struct RetryPolicy: Sendable, Hashable {
    /// Requests after the first one.
    public var retries: Int
    /// The wait before the first retry; it doubles with each further one.
    public var baseDelay: Duration
    /// The longest of those waits.
    public var maximumDelay: Duration
    /// The longest wait that a server may ask for. When it asks for more, nothing is tried again: a person is waiting.
    public var maximumHint: Duration

    public init(
        retries: Int = 2, baseDelay: Duration = .milliseconds(500), maximumDelay: Duration = .seconds(8),
        maximumHint: Duration = .seconds(30)
    ) {
        self.retries = retries
        self.baseDelay = baseDelay
        self.maximumDelay = maximumDelay
        self.maximumHint = maximumHint
    }

    /// How long to wait before a retry, nil when there shall be none.
    ///
    /// - Parameters:
    ///   - retry: The number of the retry, from 1.
    ///   - hint: What the server asked for.
    ///   - jitter: A random number in 0..<1; it shortens the wait by up to a quarter, so that clients that failed
    ///     together do not come back together.
    func delay(beforeRetry retry: Int, hint: Duration?, jitter: Double) -> Duration? {
        guard retry <= retries else { return nil }
        if let hint {
            return hint <= maximumHint ? hint : nil
        }
        let doublings = Double(1 << min(retry - 1, 20))
        return min(maximumDelay, baseDelay * doublings) * (1 - 0.25 * jitter)
    }
}

extension HTTPHeaders {
    /// How long the server asks to wait: `retry-after-ms`, Azure's `x-ms-retry-after-ms`, or `Retry-After` in seconds or
    /// as a date (RFC 9110, section 10.2.3). Nil when it does not ask, or asks for no wait at all.
    func retryHint(now: Date) -> Duration? {
        let milliseconds = ["retry-after-ms", "x-ms-retry-after-ms"].lazy.compactMap {
            Self.number(self.first(name: $0))
        }
        if let milliseconds = milliseconds.first(where: { $0 > 0 }) {
            return .milliseconds(milliseconds)
        }
        guard let text = first(name: "retry-after") else { return nil }
        let seconds = Self.number(text) ?? Date(httpDate: text)?.timeIntervalSince(now)
        return seconds.flatMap { $0 > 0 ? .seconds($0) : nil }
    }

    /// Some servers overrule what their status says about trying again.
    var shouldRetry: Bool? {
        switch first(name: "x-should-retry") {
        case "true": true
        case "false": false
        default: nil
        }
    }

    private static func number(_ text: String?) -> Double? {
        // A year is the bound, because Duration traps on what it cannot hold.
        text.flatMap(Double.init).flatMap { $0.isFinite ? Swift.min($0, 366 * 86400 * 1000) : nil }
    }
}
