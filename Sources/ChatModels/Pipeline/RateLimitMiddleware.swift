import Synchronization

/// Refuses requests beyond a rate, or beyond so many at once, before they reach the model: a bound of one process.
///
/// A refusal is ``ChatModelError/Code/rateLimited`` and says when to come back.
public final class RateLimitMiddleware: ChatMiddleware {
    private struct State {
        var tokens: Double
        var refilled = ContinuousClock.now
        var running = 0
    }

    private let requestsPerMinute: Double
    private let burst: Double
    private let maximumConcurrent: Int
    private let state: Mutex<State>

    /// - Parameters:
    ///   - requestsPerMinute: How many requests may begin in a minute, over time.
    ///   - burst: How many may begin at once after a quiet time; as many as in ten seconds unless told, but at least one.
    ///   - maximumConcurrent: How many replies may be under way.
    public init(requestsPerMinute: Double, burst: Int? = nil, maximumConcurrent: Int = 1000) {
        precondition(requestsPerMinute > 0 && maximumConcurrent > 0, "a limit that lets nothing through")
        self.requestsPerMinute = requestsPerMinute
        self.burst = burst.map(Double.init) ?? max(1, requestsPerMinute / 6)
        self.maximumConcurrent = maximumConcurrent
        state = Mutex(State(tokens: self.burst))
    }

    public func reply(
        to request: ChatRequest, from next: any ChatModel, receive: (ChatUpdate) async throws -> Void
    ) async throws -> ChatReplyEnd {
        if let wait = begin(at: .now) {
            throw ChatModelError(
                code: .rateLimited, message: "The server asks the model no more for now.", retryable: true,
                retryAfter: wait)
        }
        defer { state.withLock { $0.running -= 1 } }
        return try await next.reply(to: request, receive: receive)
    }

    /// Takes a place and a token.
    ///
    /// - Returns: After what time to come back where there is none.
    private func begin(at now: ContinuousClock.Instant) -> Duration? {
        state.withLock { state in
            let perSecond = requestsPerMinute / 60
            let passed = state.refilled.duration(to: now) / .seconds(1)
            state.tokens = min(burst, state.tokens + passed * perSecond)
            state.refilled = now
            guard state.running < maximumConcurrent else { return .seconds(1) }
            guard state.tokens >= 1 else { return .seconds((1 - state.tokens) / perSecond) }
            state.tokens -= 1
            state.running += 1
            return nil
        }
    }
}
