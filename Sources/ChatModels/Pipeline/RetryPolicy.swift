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
    /// How long all requests and the waits between them may take: no retry begins later.
    public var budget: Duration

    public init(
        retries: Int = 2, baseDelay: Duration = .milliseconds(500), maximumDelay: Duration = .seconds(8),
        maximumHint: Duration = .seconds(30), budget: Duration = .seconds(45)
    ) {
        self.retries = retries
        self.baseDelay = baseDelay
        self.maximumDelay = maximumDelay
        self.maximumHint = maximumHint
        self.budget = budget
    }

    /// How long to wait before a retry, nil when there shall be none.
    ///
    /// - Parameters:
    ///   - retry: The number of the retry, from 1.
    ///   - hint: What the server asked for.
    ///   - elapsed: The time since the first request began.
    ///   - jitter: A random number in 0..<1; it shortens the wait by up to a quarter, so that clients that failed
    ///     together do not come back together.
    func delay(beforeRetry retry: Int, hint: Duration?, elapsed: Duration = .zero, jitter: Double) -> Duration? {
        guard retry <= retries, hint ?? .zero <= maximumHint else { return nil }
        let doublings = Double(1 << min(retry - 1, 20))
        let delay = hint ?? min(maximumDelay, baseDelay * doublings) * (1 - 0.25 * jitter)
        return elapsed + delay <= budget ? delay : nil
    }
}
