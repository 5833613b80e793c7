import FoundationEssentials
import NIOHTTP1
import Testing

@testable import ChatModels

@Suite struct RetryPolicyTests {
    @Test func waitsTwiceAsLongEachTimeUpToTheMaximum() {
        let policy = RetryPolicy(retries: 8)
        let delays = (1...9).map { policy.delay(beforeRetry: $0, hint: nil, jitter: 0) }
        #expect(delays == [0.5, 1, 2, 4, 8, 8, 8, 8].map { .seconds($0) } + [nil])
    }

    @Test func jitterShortensTheWaitByUpToAQuarter() throws {
        let policy = RetryPolicy()
        let shortest = try #require(policy.delay(beforeRetry: 1, hint: nil, jitter: 0.999_999))
        #expect(shortest > .milliseconds(374) && shortest < .milliseconds(376))
    }

    @Test func beginsNoRetryWhenItsTimeIsOver() {
        let policy = RetryPolicy(retries: 9, budget: .seconds(45))
        #expect(policy.delay(beforeRetry: 1, hint: .seconds(5), elapsed: .seconds(40), jitter: 0) == .seconds(5))
        #expect(policy.delay(beforeRetry: 1, hint: .seconds(5), elapsed: .seconds(41), jitter: 0) == nil)
        #expect(policy.delay(beforeRetry: 5, hint: nil, elapsed: .seconds(38), jitter: 0) == nil)
        #expect(policy.delay(beforeRetry: 5, hint: nil, elapsed: .seconds(37), jitter: 0) == .seconds(8))
    }

    @Test func doesWhatTheServerAsksForUpToTheBound() {
        let policy = RetryPolicy()
        #expect(policy.delay(beforeRetry: 1, hint: .seconds(30), jitter: 0.5) == .seconds(30))
        #expect(policy.delay(beforeRetry: 1, hint: .seconds(31), jitter: 0.5) == nil)
        #expect(policy.delay(beforeRetry: 3, hint: .seconds(1), jitter: 0.5) == nil)
    }

    @Test(arguments: [
        ([("retry-after-ms", "6480"), ("retry-after", "7")], Duration.milliseconds(6480)),
        ([("x-ms-retry-after-ms", "250")], .milliseconds(250)),
        ([("Retry-After", "7")], .seconds(7)),
        ([("Retry-After", "0.5")], .milliseconds(500)),
        ([("Retry-After", "86400")], .seconds(86400)),
        ([("Retry-After", "Sun, 06 Nov 1994 08:49:47 GMT")], .seconds(10)),
        ([("retry-after-ms", "-1"), ("Retry-After", "3")], .seconds(3)),
        ([("Retry-After", "1e300")], .seconds(366 * 86400 * 1000)),
        ([("Retry-After", "0")], nil),
        ([("Retry-After", "-1")], nil),
        ([("Retry-After", "nan")], nil),
        ([("Retry-After", "soon")], nil),
        ([("Retry-After", "Sun, 06 Nov 1994 08:49:27 GMT")], nil),
        ([("Retry-After", "Sun, 06 Nov 99999 08:49:27 GMT")], nil),
        ([("Retry-After", "Sun, 06 Foo 1994 08:49:27 GMT")], nil),
        ([], nil),
    ])
    func readsTheServersHint(headers: [(String, String)], expected: Duration?) {
        // 08:49:37 on that day.
        let now = Date(timeIntervalSince1970: 784_111_777)
        #expect(HTTPHeaders(headers).retryHint(now: now) == expected)
    }
}
