import AzureIdentityTesting
import FoundationEssentials
import NIOHTTP1
import Testing

@testable import AzureIdentity

@Suite struct ManagedIdentityCredentialTests {
    private static let answer = IdentityResponse.json(
        #"{"access_token":"t1","expires_on":"1800086400","resource":"r","token_type":"Bearer","client_id":"c"}"#)

    private func request(
        _ environment: [String: String], _ identity: ManagedIdentityID = .systemAssigned,
        answers: IdentityResponse = answer
    ) async throws -> IdentityRequest {
        let transport = ScriptedTransport(answers)
        let credential = try ManagedIdentityCredential(identity, options: .test(transport, environment: environment))
        _ = try await credential.getToken(scope)
        return try #require(transport.requests.first)
    }

    @Test func appService() async throws {
        let environment = [
            "IDENTITY_ENDPOINT": "http://127.0.0.1:41741/msi/token", "IDENTITY_HEADER": "h", "MSI_ENDPOINT": "http://x",
        ]
        let request = try await request(environment, .resourceID("/subscriptions/s"))
        #expect(request.endpoint == "http://127.0.0.1:41741/msi/token")
        #expect(
            request.query == [
                "api-version": "2019-08-01", "resource": "https://cognitiveservices.azure.com",
                "mi_res_id": "/subscriptions/s",
            ])
        #expect(request.headers["X-IDENTITY-HEADER"] == ["h"])
    }

    @Test func azureMLAndTheAppServiceOfBefore() async throws {
        let environment = ["MSI_ENDPOINT": "http://127.0.0.1:1/msi", "MSI_SECRET": "s"]
        for (text, end) in [
            (#""06/20/2026 02:57:58 +00:00""#, 1_781_924_278.0), (#""1/16/2026 5:24:12 AM +00:00""#, 1_768_541_052),
            (#""1/16/2026 12:24:12 PM +00:00""#, 1_768_566_252), ("1800086400", 1_800_086_400),
        ] {
            let transport = ScriptedTransport(.json(#"{"access_token":"t1","expires_on":\#(text)}"#))
            let credential = try ManagedIdentityCredential(
                .clientID("c"), options: .test(transport, environment: environment))
            #expect(try await credential.getToken(scope).expiresOn == Date(timeIntervalSince1970: end))
            let request = try #require(transport.requests.first)
            #expect(
                request.query == [
                    "api-version": "2017-09-01", "resource": "https://cognitiveservices.azure.com", "clientid": "c",
                ])
            #expect(request.headers["secret"] == ["s"])
        }
    }

    @Test func cloudShell() async throws {
        let request = try await request(["MSI_ENDPOINT": "http://127.0.0.1:50342/oauth2/token"])
        #expect(request.method == .POST)
        #expect(request.formFields == ["resource": "https://cognitiveservices.azure.com"])
        #expect(request.headers["Metadata"] == ["true"])
        #expect(throws: CredentialConfigurationError.self) {
            _ = try ManagedIdentityCredential(
                .clientID("c"),
                options: .test(ScriptedTransport(Self.answer), environment: ["MSI_ENDPOINT": "http://127.0.0.1:1"]))
        }
    }

    @Test func imds() async throws {
        for (identity, name) in [
            (ManagedIdentityID.clientID("x"), "client_id"), (.objectID("x"), "object_id"),
            (.resourceID("x"), "msi_res_id"),
        ] {
            let request = try await request([:], identity)
            #expect(request.endpoint == "http://169.254.169.254/metadata/identity/oauth2/token")
            #expect(
                request.query == [
                    "api-version": "2018-02-01", "resource": "https://cognitiveservices.azure.com", name: "x",
                ])
            #expect(request.headers["Metadata"] == ["true"])
        }
        let other = try await request(["AZURE_POD_IDENTITY_AUTHORITY_HOST": "http://127.0.0.1:4/"])
        #expect(other.endpoint == "http://127.0.0.1:4/metadata/identity/oauth2/token")
    }

    @Test func anEndpointWithoutAHeaderIsNoHostOfAzures() async throws {
        let transport = ScriptedTransport(Self.answer)
        let credential = try ManagedIdentityCredential(
            options: .test(transport, environment: ["IDENTITY_ENDPOINT": "http://127.0.0.1:1"]))
        await #expect(throws: CredentialUnavailableError.self) { _ = try await credential.getToken(scope) }
        #expect(transport.requests.isEmpty)
    }

    @Test func serviceFabricIsKnownByAThumbprintAndHasOneIdentity() async throws {
        var environment = [
            "IDENTITY_ENDPOINT": "https://127.0.0.1:1/token", "IDENTITY_HEADER": "h",
            "IDENTITY_SERVER_THUMBPRINT": "zz",
        ]
        let transport = ScriptedTransport(Self.answer)
        let unpinned = try ManagedIdentityCredential(options: .test(transport, environment: environment))
        await #expect(throws: AuthenticationFailedError.self) { _ = try await unpinned.getToken(scope) }
        environment["IDENTITY_SERVER_THUMBPRINT"] = String(repeating: "ab:", count: 20)
        let assigned = try ManagedIdentityCredential(
            .clientID("c"), options: .test(transport, environment: environment))
        await #expect(throws: AuthenticationFailedError.self) { _ = try await assigned.getToken(scope) }
        #expect(transport.requests.isEmpty)
    }

    @Test func workloadIdentityWhereKubernetesHasSetIt() async throws {
        let file = try TemporaryFolder()
        try file.write("token", " eyJ.platform.token \n")
        let transport = ScriptedTransport(.token())
        let credential = try ManagedIdentityCredential(
            .clientID("c"),
            options: .test(
                transport,
                environment: [
                    "AZURE_AUTHORITY_HOST": "https://login.example/", "AZURE_TENANT_ID": "t",
                    "AZURE_FEDERATED_TOKEN_FILE": file.path("token"),
                ]))
        _ = try await credential.getToken(scope)
        #expect(transport.requests.first?.url == "https://login.example/t/oauth2/v2.0/token")
        #expect(transport.requests.first?.formFields["client_assertion"] == "eyJ.platform.token")
    }

    @Test(arguments: [
        #"{"statusCode":500,"message":"no such identity h-secret"}"#, #"{"StatusCode":400,"ErrorCode":"x"}"#,
        #"{"error":{"code":"ManagedIdentityNotFound","message":"none"}}"#, #"{"error":"invalid_request"}"#, "{}",
    ])
    func anErrorMeansThatThereIsNoSuchIdentity(body: String) async throws {
        let error = await #expect(throws: CredentialUnavailableError.self) {
            _ = try await request(
                ["IDENTITY_ENDPOINT": "http://127.0.0.1:1", "IDENTITY_HEADER": "h-secret"],
                answers: .json(body, status: 400))
        }
        #expect(error?.description.contains("h-secret") == false)
        #expect(error?.description.hasPrefix("ManagedIdentityCredential: App Service: gave no token") == true)
    }

    @Test(arguments: ["<html>", #"{"access_token":"t"}"#, #"{"access_token":"t","expires_on":"soon"}"#, "[1]"])
    func anAnswerThatIsNoneFails(body: String) async throws {
        await #expect(throws: AuthenticationFailedError.self) {
            _ = try await request(
                ["IDENTITY_ENDPOINT": "http://127.0.0.1:1", "IDENTITY_HEADER": "h"], answers: .json(body))
        }
    }

    @Test func takesOneScope() async throws {
        let credential = try ManagedIdentityCredential(options: .test(ScriptedTransport(Self.answer)))
        await #expect(throws: AuthenticationFailedError.self) { _ = try await credential.getToken("a", "b") }
    }

    @Test func aTokenForADayIsRenewedInItsSecondHalf() async throws {
        let time = ManualTime()
        let credential = try ManagedIdentityCredential(options: .test(ScriptedTransport(Self.answer), time: time))
        #expect(try await credential.getToken(scope).refreshOn == time.now + 43200)
    }
}
