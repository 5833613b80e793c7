public import Logging

/// Asks the model again when a request came to nothing before the model did anything.
///
/// A reply that fails after its first text is not begun again: its text would come twice.
public struct RetryMiddleware: ChatMiddleware {
    private let policy: RetryPolicy
    private let logger: Logger

    /// - Parameter logger: Is told each failure and what comes of it at info level, without anything of the conversation.
    public init(policy: RetryPolicy = RetryPolicy(), logger: Logger) {
        self.policy = policy
        self.logger = logger
    }

    public func reply(
        to request: ChatRequest, from next: any ChatModel, receive: (ChatUpdate) async throws -> Void
    ) async throws -> ChatReplyEnd {
        let begin = ContinuousClock.now
        var retry = 1
        while true {
            var hasBegun = false
            do {
                return try await next.reply(to: request) {
                    hasBegun = true
                    try await receive($0)
                }
            } catch let error as ChatModelError {
                let delay = hasBegun || !error.wasRefused ? nil : delay(beforeRetry: retry, error, since: begin)
                logger.info(
                    "Model request failed",
                    metadata: ["code": "\(error.code)", "attempt": "\(retry)", "retryIn": "\(delay, default: "-")"])
                guard let delay else { throw error }
                try await Task.sleep(for: delay)
                retry += 1
            }
        }
    }

    private func delay(
        beforeRetry retry: Int, _ error: ChatModelError, since begin: ContinuousClock.Instant
    ) -> Duration? {
        policy.delay(
            beforeRetry: retry, hint: error.retryAfter, elapsed: begin.duration(to: .now),
            jitter: Double.random(in: 0..<1))
    }
}
