package import NIOHTTP1

/// Which requests are made again, how often and when.
package struct RetrySchedule: Sendable {
    /// Requests after the first.
    let retries: Int
    /// Answers that may be different the next time.
    package let mayRetry: @Sendable (IdentityResponse) -> Bool
    /// The wait before the first retry, which doubles with each further one.
    let baseDelay: @Sendable (IdentityResponse?) -> Duration

    /// The longest wait that a server may ask for; when it asks for more its answer is final.
    static let maximumHint = Duration.seconds(60)

    package init(
        retries: Int, mayRetry: @escaping @Sendable (IdentityResponse) -> Bool,
        baseDelay: @escaping @Sendable (IdentityResponse?) -> Duration
    ) {
        self.retries = retries
        self.mayRetry = mayRetry
        self.baseDelay = baseDelay
    }

    /// What Entra and most endpoints get.
    package static let standard = RetrySchedule(
        retries: 3,
        mayRetry: { $0.status == 408 || $0.status == 429 || (500...504).contains($0.status) },
        baseDelay: { _ in .milliseconds(800) })

    /// IMDS also answers 404 and 410 while it is being updated; after a 410 it may take 70 seconds.
    static let imds = RetrySchedule(
        retries: 5,
        mayRetry: { [404, 410, 429].contains($0.status) || (500..<600).contains($0.status) },
        baseDelay: { $0?.status == 410 ? .milliseconds(2500) : .milliseconds(800) })

    static let none = RetrySchedule(retries: 0, mayRetry: { _ in false }, baseDelay: { _ in .zero })

    /// How long to wait before a retry, nil when there shall be none.
    ///
    /// - Parameters:
    ///   - retry: The number of the retry, from 1.
    ///   - response: What came of the request before; nil when nothing came.
    func delay(beforeRetry retry: Int, after response: IdentityResponse?) -> Duration? {
        guard retry <= retries, response.map(mayRetry) ?? true else { return nil }
        if let hint = response?.headers.retryAfter {
            return hint <= Self.maximumHint ? hint : nil
        }
        return baseDelay(response) * (1 << (retry - 1))
    }
}

extension IdentityTransport {
    /// Sends a request, and again as the schedule says.
    ///
    /// - Throws: ``TransportFailure``, or `CancellationError`.
    package func send(
        _ request: IdentityRequest, retrying schedule: RetrySchedule, clock: IdentityClock
    ) async throws -> IdentityResponse {
        var retry = 1
        while true {
            let delay: Duration
            do {
                let response = try await send(request)
                guard !response.isSuccess,
                    let wait = schedule.delay(beforeRetry: retry, after: response)
                else { return response }
                delay = wait
            } catch let failure as TransportFailure {
                guard failure.mayRetry,
                    let wait = schedule.delay(beforeRetry: retry, after: nil)
                else { throw failure }
                delay = wait
            }
            try await clock.sleep(delay)
            retry += 1
        }
    }
}

extension HTTPHeaders {
    /// `retry-after-ms`, Azure's `x-ms-retry-after-ms`, or `Retry-After` in seconds. A date is not looked for: Entra and IMDS
    /// send seconds.
    package var retryAfter: Duration? {
        for (name, unit) in [("retry-after-ms", 0.001), ("x-ms-retry-after-ms", 0.001), ("retry-after", 1)] {
            if let number = first(name: name).flatMap({ Double($0) }), number.isFinite, number > 0 {
                // A bound, because Duration traps on what it cannot hold.
                return .seconds(Swift.min(number * unit, 86400))
            }
        }
        return nil
    }
}
