import AzureIdentityTesting
import FoundationEssentials
import NIOHTTP1
import Testing

@testable import AzureIdentity

@Suite(.timeLimit(.minutes(1))) struct IMDSTests {
    private static let answer = IdentityResponse.json(
        #"{"access_token":"t1","expires_in":"86399","expires_on":"1800086400","token_type":"Bearer"}"#)
    private static let refused = IdentityResponse.json(#"{"error":"invalid_request"}"#, status: 400)

    private func chain(
        _ transport: any IdentityTransport, environment: [String: String] = [:], time: ManualTime = ManualTime()
    ) throws -> ChainedTokenCredential {
        try ChainedTokenCredential([
            ManagedIdentityCredential(options: .test(transport, environment: environment, time: time))
        ])
    }

    @Test func aChainLooksFirstWhetherItIsThereAndOnlyOnce() async throws {
        let transport = ScriptedTransport { request, _ in
            request.headers["Metadata"].isEmpty ? Self.refused : Self.answer
        }
        let chain = try chain(transport)
        _ = try await chain.getToken(scope)
        _ = try await chain.getToken("https://vault.azure.net/.default")
        #expect(transport.requests.map { $0.headers["Metadata"] } == [[], ["true"], ["true"]])
        #expect(transport.requests.first?.timeout == .seconds(1))
        #expect(transport.requests.first?.url == transport.requests[1].url)
    }

    @Test func whereNothingIsTheChainGoesOnAtOnce() async throws {
        let transport = ScriptedTransport.unreachable()
        let time = ManualTime()
        await #expect(throws: CredentialUnavailableError.self) {
            _ = try await chain(transport, time: time).getToken(scope)
        }
        #expect(transport.requests.count == 1)
        #expect(time.slept == [])
    }

    @Test func aProxyThatAnswersForUnreachableHostsIsNotIMDS() async throws {
        let transport = ScriptedTransport(.json("connecting to 169.254.169.254:80: host is unreachable", status: 403))
        await #expect(throws: CredentialUnavailableError.self) { _ = try await chain(transport).getToken(scope) }
        #expect(transport.requests.count == 1)
    }

    @Test func whoNamesItOrAsksForItAloneGetsNoProbe() async throws {
        let named = ScriptedTransport(Self.answer)
        let chain = try chain(named, environment: ["AZURE_POD_IDENTITY_AUTHORITY_HOST": "http://127.0.0.1:1"])
        _ = try await chain.getToken(scope)
        #expect(named.requests.map { $0.headers["Metadata"] } == [["true"]])

        let alone = ScriptedTransport(Self.answer)
        _ = try await ManagedIdentityCredential(options: .test(alone)).getToken(scope)
        #expect(alone.requests.map { $0.headers["Metadata"] } == [["true"]])

        let chosen = ScriptedTransport(Self.answer)
        let variables = ["AZURE_TOKEN_CREDENTIALS": "ManagedIdentityCredential"]
        _ = try await DefaultAzureCredential(options: .test(chosen, environment: variables)).getToken(scope)
        #expect(chosen.requests.map { $0.headers["Metadata"] } == [["true"]])
    }

    @Test(arguments: [404, 429, 500, 503])
    func isAskedFiveTimesMore(status: Int) async throws {
        let transport = ScriptedTransport(.json("{}", status: status))
        let time = ManualTime()
        await #expect(throws: CredentialUnavailableError.self) {
            _ = try await ManagedIdentityCredential(options: .test(transport, time: time)).getToken(scope)
        }
        #expect(transport.requests.count == 6)
        #expect(time.slept == [800, 1600, 3200, 6400, 12800].map { .milliseconds($0) })
    }

    @Test func whileItIsUpdatedItGetsSeventySeconds() async throws {
        let gone = IdentityResponse.json("{}", status: 410)
        let transport = ScriptedTransport(gone, gone, gone, gone, gone, Self.answer)
        let time = ManualTime()
        _ = try await ManagedIdentityCredential(options: .test(transport, time: time)).getToken(scope)
        #expect(time.slept.reduce(.zero, +) >= .seconds(70))
    }

    @Test func withoutAnIdentityItIsUnavailableAtOnce() async throws {
        let transport = ScriptedTransport(
            .json(#"{"error":"invalid_request","error_description":"Identity not found"}"#, status: 400))
        let error = await #expect(throws: CredentialUnavailableError.self) {
            _ = try await ManagedIdentityCredential(options: .test(transport)).getToken(scope)
        }
        #expect(error?.reason == "IMDS: gave no token (status 400): invalid_request: Identity not found")
        #expect(transport.requests.count == 1)
    }

    @Test func whatAnswersSomethingElseIsUnavailable() async throws {
        let transport = ScriptedTransport(.json("<html>proxy</html>"))
        await #expect(throws: CredentialUnavailableError.self) {
            _ = try await ManagedIdentityCredential(options: .test(transport)).getToken(scope)
        }
    }
}
