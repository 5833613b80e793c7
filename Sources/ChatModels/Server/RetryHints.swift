import FoundationEssentials
import NIOHTTP1

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
