import AzureIdentityTesting
import FoundationEssentials
import Synchronization
import Testing

@testable import AzureIdentity

@Suite(.timeLimit(.minutes(1))) struct TokenCacheTests {
    private let context = TokenRequestContext(scopes: [scope])

    /// Fetches that wait until they are let go.
    private final class Gate: Sendable {
        private let state = Mutex((fetches: 0, waiting: [CheckedContinuation<AccessToken, any Error>]()))

        var fetches: Int { state.withLock { $0.fetches } }
        var isWaiting: Bool { state.withLock { !$0.waiting.isEmpty } }

        func fetch() async throws -> AccessToken {
            try await withCheckedThrowingContinuation { continuation in
                state.withLock {
                    $0.fetches += 1
                    $0.waiting.append(continuation)
                }
            }
        }

        func open(_ result: Result<AccessToken, any Error>) {
            for continuation in state.withLock({ state in
                defer { state.waiting = [] }
                return state.waiting
            }) {
                continuation.resume(with: result)
            }
        }
    }

    private func waitUntil(_ condition: () -> Bool) async throws {
        while !condition() { try await Task.sleep(for: .milliseconds(1)) }
    }

    @Test func aThousandCallersMakeOneRequest() async throws {
        let gate = Gate()
        let time = ManualTime()
        let cache = TokenCache(clock: time.clock) { _ in try await gate.fetch() }
        try await withThrowingTaskGroup(of: String.self) { group in
            for _ in 0..<1000 { group.addTask { try await cache.token(for: context).token } }
            try await waitUntil { gate.isWaiting }
            gate.open(.success(AccessToken(token: "t", expiresOn: time.now + 3600)))
            for try await token in group { #expect(token == "t") }
        }
        #expect(gate.fetches == 1)
    }

    @Test func allWhoWaitHearOfTheFailureAndTheNextTriesAgain() async throws {
        let gate = Gate()
        let cache = TokenCache(clock: ManualTime().clock) { _ in try await gate.fetch() }
        for attempt in 1...2 {
            let first = Task { try await cache.token(for: context) }
            try await waitUntil { gate.isWaiting }
            gate.open(.failure(AuthenticationFailedError(credential: "X", reason: "\(attempt)")))
            let error = await #expect(throws: AuthenticationFailedError.self) { _ = try await first.value }
            #expect(error?.reason == "\(attempt)")
        }
        #expect(gate.fetches == 2)
    }

    @Test func whoGivesUpDoesNotTakeTheRequestFromTheOthers() async throws {
        let gate = Gate()
        let time = ManualTime()
        let cache = TokenCache(clock: time.clock) { _ in try await gate.fetch() }
        let first = Task { try await cache.token(for: context) }
        try await waitUntil { gate.isWaiting }
        async let second = cache.token(for: context)
        first.cancel()
        await #expect(throws: CancellationError.self) { _ = try await first.value }
        gate.open(.success(AccessToken(token: "t", expiresOn: time.now + 3600)))
        #expect(try await second.token == "t")
        #expect(gate.fetches == 1)
    }

    @Test func refreshesBehindTheCallersBack() async throws {
        let gate = Gate()
        let time = ManualTime()
        let cache = TokenCache(clock: time.clock, jitter: { 0 }) { _ in try await gate.fetch() }
        async let first = cache.token(for: context)
        try await waitUntil { gate.isWaiting }
        gate.open(.success(AccessToken(token: "old", expiresOn: time.now + 3600)))
        #expect(try await first.token == "old")

        time.advance(by: 3400)
        #expect(try await cache.token(for: context).token == "old")
        try await waitUntil { gate.isWaiting }
        gate.open(.success(AccessToken(token: "new", expiresOn: time.now + 3600)))
        while try await cache.token(for: context).token == "old" { await Task.yield() }
        #expect(gate.fetches == 2)
    }
}
