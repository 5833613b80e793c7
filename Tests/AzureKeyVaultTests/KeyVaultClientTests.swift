import AzureIdentity
import AzureIdentityTesting
import AzureKeyVault
import FoundationEssentials
import NIOHTTP1
import Synchronization
import Testing

@Suite struct KeyVaultClientTests {
    private static let value = "s3cr3t-value"
    private let time = ManualTime()

    private func client(_ transport: ScriptedTransport, _ credential: RecordingCredential) -> KeyVaultClient {
        KeyVaultClient(credential: credential, options: .test(transport, time: time))
    }

    private func reference(_ text: String = "keyvault://contoso/openai-key") throws -> KeyVaultSecretReference {
        try KeyVaultSecretReference(text)
    }

    @Test func aSecretIsReadWithATokenForVaults() async throws {
        let transport = ScriptedTransport(.secret(Self.value + "\\r\\n"))
        let credential = RecordingCredential()
        let secret = try await client(transport, credential).secret(reference())
        #expect(secret.value == Self.value)
        #expect(secret.version == "v1")
        #expect(!"\(secret) \(String(reflecting: secret))".contains(Self.value))
        let request = try #require(transport.requests.first)
        #expect(request.url == "https://contoso.vault.azure.net/secrets/openai-key?api-version=7.4")
        #expect(request.headers["authorization"] == ["Bearer token-1"])
        #expect(credential.contexts.map(\.scopes) == [["https://vault.azure.net/.default"]])
    }

    @Test func aVersionIsReadWhereOneIsNamed() async throws {
        let transport = ScriptedTransport(.secret(Self.value))
        _ = try await client(transport, RecordingCredential()).secret(reference("keyvault://contoso/key/0a1b"))
        #expect(transport.requests[0].endpoint == "https://contoso.vault.azure.net/secrets/key/0a1b")
    }

    @Test func aVaultOfAnotherTenantGetsATokenOfThatTenantFromThenOn() async throws {
        let challenge =
            #"Bearer authorization="https://login.microsoftonline.com/t2", resource="https://vault.azure.net""#
        let transport = ScriptedTransport(
            .json("{}", status: 401, headers: ["www-authenticate": challenge]), .secret(Self.value))
        let credential = RecordingCredential()
        let client = client(transport, credential)
        #expect(try await client.secret(reference()).value == Self.value)
        #expect(try await client.secret(reference()).value == Self.value)
        #expect(credential.contexts.map(\.tenantID) == [nil, "t2", "t2"])
        #expect(
            transport.requests.map { $0.headers["authorization"] } == [
                ["Bearer token-1"], ["Bearer token-2"], ["Bearer token-3"],
            ])
    }

    @Test func aRevokedTokenIsAskedAnewWithItsClaims() async throws {
        let challenge =
            #"Bearer error="insufficient_claims", claims="eyJhIjoiPz4ifQ==", resource="https://vault.azure.net""#
        let transport = ScriptedTransport(
            .json("{}", status: 401, headers: ["www-authenticate": challenge]), .secret(Self.value))
        let credential = RecordingCredential()
        _ = try await client(transport, credential).secret(reference())
        #expect(credential.contexts.map(\.claims) == [nil, #"{"a":"?>"}"#])
    }

    @Test func aTokenThatIsRefusedAgainIsTheEnd() async throws {
        let challenge =
            #"Bearer authorization="https://login.microsoftonline.com/t2", resource="https://vault.azure.net""#
        let transport = ScriptedTransport(.json("{}", status: 401, headers: ["www-authenticate": challenge]))
        let error = await #expect(throws: KeyVaultError.self) {
            try await client(transport, RecordingCredential()).secret(reference())
        }
        #expect(error?.reason == .unauthorized)
        #expect(transport.requests.count == 2)
    }

    @Test func aVaultThatWantsATokenForOthersGetsNone() async throws {
        let challenge =
            #"Bearer authorization="https://login.microsoftonline.com/t2", resource="https://graph.example""#
        let transport = ScriptedTransport(.json("{}", status: 401, headers: ["www-authenticate": challenge]))
        let credential = RecordingCredential()
        let error = await #expect(throws: KeyVaultError.self) {
            try await client(transport, credential).secret(reference())
        }
        #expect(error?.reason == .unauthorized)
        #expect(credential.contexts.count == 1)
    }

    @Test func aBusyVaultIsAskedAgainWhenItSays() async throws {
        let transport = ScriptedTransport(
            .json("{}", status: 429, headers: ["retry-after": "7"]), .json("{}", status: 503), .secret(Self.value))
        #expect(try await client(transport, RecordingCredential()).secret(reference()).value == Self.value)
        #expect(time.slept == [.seconds(7), .seconds(2)])
    }

    @Test func aVaultThatStaysBusyIsLeftAlone() async throws {
        let transport = ScriptedTransport(.json(#"{"error":{"code":"Throttled","message":"m"}}"#, status: 429))
        var error = await #expect(throws: KeyVaultError.self) {
            try await client(transport, RecordingCredential()).secret(reference())
        }
        #expect(error?.reason == .throttled)
        #expect(time.slept == [.seconds(1), .seconds(2), .seconds(4)])
        let patient = ScriptedTransport(.json("{}", status: 429, headers: ["retry-after": "600"]))
        error = await #expect(throws: KeyVaultError.self) {
            try await client(patient, RecordingCredential()).secret(reference())
        }
        #expect(error?.retryAfter == .seconds(600))
        #expect(patient.requests.count == 1)
    }

    @Test(arguments: [
        (
            403,
            #"{"error":{"code":"Forbidden","message":"Operation get is\nnot allowed","innererror":{"code":"SecretDisabled"}}}"#,
            KeyVaultError.Reason.forbidden, "(Forbidden, SecretDisabled) Operation get is not allowed"
        ),
        (404, #"{"error":{"code":"SecretNotFound","message":"none"}}"#, .notFound, "(SecretNotFound) none"),
        (400, "<html>", .unreadable, "400"),
        (200, #"{"value":"","id":"x"}"#, .unreadable, "empty"),
        (200, "s3cr3t-value", .unreadable, "no secret"),
    ])
    func refusalsTellWhy(status: Int, body: String, reason: KeyVaultError.Reason, words: String) async throws {
        let transport = ScriptedTransport(.json(body, status: status))
        let error = await #expect(throws: KeyVaultError.self) {
            try await client(transport, RecordingCredential()).secret(reference())
        }
        #expect(error?.reason == reason)
        #expect(error?.description.contains(words) == true)
        #expect(error?.description.contains("\n") == false && error?.description.contains(Self.value) == false)
        #expect(transport.requests.count == 1)
    }

    @Test func withoutATokenNothingIsSent() async throws {
        let transport = ScriptedTransport(.secret(Self.value))
        let credential = RecordingCredential(
            failure: CredentialUnavailableError(
                credential: "DefaultAzureCredential", reason: "gave no token.",
                attempts: [.init(credential: "AzureCliCredential", outcome: .unavailable, reason: "no az")]))
        let error = await #expect(throws: KeyVaultError.self) {
            try await client(transport, credential).secret(reference())
        }
        #expect(error?.reason == .noToken)
        #expect(error?.description.contains("Attempted credentials:; AzureCliCredential: no az") == true)
        #expect(transport.requests.isEmpty)
    }
}

extension IdentityResponse {
    /// A secret as a vault answers it.
    static func secret(_ value: String, version: String = "v1") -> IdentityResponse {
        .json(
            """
            {"value":"\(value)","contentType":"text/plain","id":"https://contoso.vault.azure.net/secrets/k/\(version)",\
            "attributes":{"enabled":true,"exp":1790000000},"tags":{}}
            """)
    }
}

/// Gives tokens that are numbered, and keeps what it was asked for.
final class RecordingCredential: TokenCredential {
    private let asked = Mutex<[TokenRequestContext]>([])
    private let failure: CredentialUnavailableError?

    init(failure: CredentialUnavailableError? = nil) { self.failure = failure }

    var contexts: [TokenRequestContext] { asked.withLock { $0 } }

    func getToken(_ context: TokenRequestContext) async throws -> AccessToken {
        let number = asked.withLock {
            $0.append(context)
            return $0.count
        }
        if let failure { throw failure }
        return AccessToken(token: "token-\(number)", expiresOn: .distantFuture)
    }
}
