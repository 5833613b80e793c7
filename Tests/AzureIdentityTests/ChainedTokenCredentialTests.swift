import AzureIdentityTesting
import FoundationEssentials
import Synchronization
import Testing

@testable import AzureIdentity

@Suite struct ChainedTokenCredentialTests {
    /// Does what it is told, and counts.
    private final class Scripted: TokenCredential {
        private let result: Mutex<Result<AccessToken, any Error>>
        private let count = Mutex(0)

        var calls: Int { count.withLock { $0 } }

        init(_ result: Result<AccessToken, any Error>) {
            self.result = Mutex(result)
        }

        func set(_ result: Result<AccessToken, any Error>) {
            self.result.withLock { $0 = result }
        }

        func getToken(_ context: TokenRequestContext) async throws -> AccessToken {
            count.withLock { $0 += 1 }
            return try result.withLock { $0 }.get()
        }
    }

    private struct Strange: Error {
        let secret = "hush"
    }

    private static let token = AccessToken(token: "t", expiresOn: Date(timeIntervalSince1970: 1_900_000_000))
    private static let unavailable = CredentialUnavailableError(credential: "A", reason: "not here.")
    private static let failed = AuthenticationFailedError(credential: "B", reason: "refused.")

    @Test func goesOnAfterWhatIsUnavailableAndStaysWithWhatWorks() async throws {
        let first = Scripted(.failure(Self.unavailable))
        let second = Scripted(.success(Self.token))
        let third = Scripted(.success(Self.token))
        let chain = try ChainedTokenCredential([first, second, third])
        for _ in 1...3 { _ = try await chain.getToken(scope) }
        #expect([first.calls, second.calls, third.calls] == [1, 3, 0])

        // Also when it fails later: the first ones are not asked again.
        second.set(.failure(Self.failed))
        await #expect(throws: Self.failed) { _ = try await chain.getToken(scope) }
        #expect([first.calls, third.calls] == [1, 0])
    }

    @Test func aFailureEndsTheSearchAndNamesAllThatWereAsked() async throws {
        let last = Scripted(.success(Self.token))
        let chain = try ChainedTokenCredential([
            Scripted(.failure(Self.unavailable)), Scripted(.failure(Self.failed)), last,
        ])
        let error = await #expect(throws: AuthenticationFailedError.self) { _ = try await chain.getToken(scope) }
        #expect(last.calls == 0)
        #expect(
            error?.description == """
                ChainedTokenCredential failed to retrieve a token from the included credentials.
                Attempted credentials:
                \tScripted: A: not here.
                \tScripted: B: refused.
                """)
        #expect(error?.attempts.map(\.outcome) == [.unavailable, .failed])
    }

    @Test func whereAllAreUnavailableSoIsTheChain() async throws {
        let inner = try ChainedTokenCredential([Scripted(.failure(Self.unavailable))])
        let second = Scripted(.success(Self.token))
        let outer = try ChainedTokenCredential([inner, second])
        #expect(try await outer.getToken(scope) == Self.token)
        await #expect(throws: CredentialUnavailableError.self) { _ = try await inner.getToken(scope) }
    }

    @Test func anErrorOfAnotherKindEndsTheSearchAndSaysNothing() async throws {
        let chain = try ChainedTokenCredential([Scripted(.failure(Strange())), Scripted(.success(Self.token))])
        let error = await #expect(throws: AuthenticationFailedError.self) { _ = try await chain.getToken(scope) }
        #expect(error?.description.contains("Strange") == true)
        #expect(error?.description.contains("hush") == false)
    }

    @Test func whatFailsOnADevelopersMachineEndsNothing() async throws {
        let chain = try ChainedTokenCredential([
            Scripted(.failure(AuthenticationFailedError(tool: "AzureCliCredential", reason: "broken"))),
            Scripted(.success(Self.token)),
        ])
        #expect(try await chain.getToken(scope) == Self.token)
    }

    @Test func cancellationIsNoFailure() async throws {
        let chain = try ChainedTokenCredential([Scripted(.failure(CancellationError()))])
        await #expect(throws: CancellationError.self) { _ = try await chain.getToken(scope) }
    }

    @Test func anEmptyChainIsRefused() {
        #expect(throws: CredentialConfigurationError.self) { _ = try ChainedTokenCredential([]) }
    }
}
