import HubServer

/// Counts what a rate allows: it fills with time, and each event takes one out.
struct TokenBucket: Sendable {
    private var tokens: Double
    private var filledAt: ContinuousClock.Instant

    init(_ rate: ConnectionLimits.Rate, now: ContinuousClock.Instant) {
        tokens = Double(rate.burst)
        filledAt = now
    }

    /// How long it takes until there is one; zero where there is one now.
    mutating func wait(_ rate: ConnectionLimits.Rate, now: ContinuousClock.Instant) -> Duration {
        tokens = min(Double(rate.burst), tokens + max(0, (now - filledAt) / .seconds(1)) * rate.perSecond)
        filledAt = now
        return tokens >= 1 ? .zero : .seconds((1 - tokens) / rate.perSecond)
    }

    mutating func take() { tokens -= 1 }
}
