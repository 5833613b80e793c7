import AzureIdentityTesting
import FoundationEssentials
import NIOHTTP1
import Testing

@testable import AzureIdentity

@Suite struct ClientSecretCredentialTests {
    private static let secret = "S~ecret+/="

    private func credential(
        _ transport: any IdentityTransport, environment: [String: String] = [:], time: ManualTime = ManualTime()
    ) throws -> ClientSecretCredential {
        try ClientSecretCredential(
            tenantID: "tenant-1", clientID: "app-1", clientSecret: Self.secret,
            options: .test(transport, environment: environment, time: time))
    }

    @Test func asksEntraAsOAuthSays() async throws {
        let time = ManualTime()
        let transport = ScriptedTransport(
            .json(#"{"token_type":"Bearer","expires_in":"86399","refresh_in":43199,"access_token":"abc"}"#))
        let token = try await credential(transport, time: time).getToken(scope)
        #expect(token.token == "abc")
        #expect(token.expiresOn == time.now + 86399)
        #expect(token.refreshOn == time.now + 43199)
        let request = try #require(transport.requests.first)
        #expect(request.method == .POST)
        #expect(request.url == "https://login.microsoftonline.com/tenant-1/oauth2/v2.0/token")
        #expect(
            request.formFields == [
                "client_id": "app-1", "client_secret": Self.secret, "grant_type": "client_credentials", "scope": scope,
            ])
        #expect(request.form?.formEncoded.contains("client_secret=S~ecret%2B%2F%3D") == true)
    }

    @Test func aWrongSecretFailsWithEntrasWordsAndNoSecret() async throws {
        let transport = ScriptedTransport(
            .json(
                """
                {"error":"invalid_client","error_description":"AADSTS7000215: Invalid client secret.\\r\\nYou sent \
                \(Self.secret) and eyJhbGciOiJIUzI1NiJ9.e30.abc","error_codes":[7000215],"correlation_id":"c-1"}
                """, status: 401))
        let error = await #expect(throws: AuthenticationFailedError.self) {
            _ = try await credential(transport).getToken(scope)
        }
        #expect(error?.response?.errorCodes == [7_000_215])
        #expect(error?.response?.correlationID == "c-1")
        #expect(
            error?.description
                == "ClientSecretCredential: Entra gave no token: AADSTS7000215: Invalid client secret. You sent *** and ***"
        )
        #expect(transport.requests.count == 1)
    }

    @Test func aBusyEntraIsAskedAgain() async throws {
        let time = ManualTime()
        let transport = ScriptedTransport(
            .json("{}", status: 503), .json("{}", status: 429, headers: ["retry-after": "7"]),
            .json(#"{"error":"temporarily_unavailable"}"#, status: 400), .token())
        #expect(try await credential(transport, time: time).getToken(scope).token == "t1")
        #expect(time.slept == [.milliseconds(800), .seconds(7), .milliseconds(3200)])
    }

    @Test func givesUpInTheEndAndWhenItIsToldToWaitForLong() async throws {
        let transport = ScriptedTransport(.json("busy", status: 503))
        let error = await #expect(throws: AuthenticationFailedError.self) {
            _ = try await credential(transport).getToken(scope)
        }
        #expect(error?.reason == "Entra answered with status 503.")
        #expect(transport.requests.count == 4)

        let patient = ScriptedTransport(.json("{}", status: 429, headers: ["retry-after": "86400"]))
        await #expect(throws: AuthenticationFailedError.self) { _ = try await credential(patient).getToken(scope) }
        #expect(patient.requests.count == 1)
    }

    @Test(arguments: ["{}", "<html>", #"{"access_token":"a b","expires_in":1}"#, #"{"access_token":"a"}"#, "[]"])
    func anAnswerWithoutATokenFails(body: String) async throws {
        await #expect(throws: AuthenticationFailedError.self) {
            _ = try await credential(ScriptedTransport(.json(body))).getToken(scope)
        }
    }

    @Test(arguments: ["", "a b", "a;b", "--scope", String(repeating: "a", count: 2000)])
    func aScopeThatIsNoneIsNotSent(scope: String) async throws {
        let transport = ScriptedTransport(.token())
        await #expect(throws: AuthenticationFailedError.self) { _ = try await credential(transport).getToken(scope) }
        #expect(transport.requests.isEmpty)
    }

    @Test func requestsMayNameTheTenantsThatAreAllowed() async throws {
        let transport = ScriptedTransport(.token())
        let context = TokenRequestContext(scopes: [scope], tenantID: "tenant-2")
        let error = await #expect(throws: AuthenticationFailedError.self) {
            _ = try await credential(transport).getToken(context)
        }
        #expect(error?.reason.contains("tenant-2") == true)

        for (variables, tenant) in [
            (["AZURE_ADDITIONALLY_ALLOWED_TENANTS": "x; tenant-2"], "tenant-2"),
            (["AZURE_ADDITIONALLY_ALLOWED_TENANTS": "*"], "tenant-2"),
            (["AZURE_IDENTITY_DISABLE_MULTITENANTAUTH": "1"], "tenant-1"),
        ] {
            _ = try await credential(transport, environment: variables).getToken(context)
            #expect(transport.requests.last?.url.contains("/\(tenant)/") == true)
        }
    }

    @Test(arguments: [
        ("login.microsoftonline.us", "https://login.microsoftonline.us"),
        ("https://login.example/", "https://login.example"),
        (" https://login.example:8443// ", "https://login.example:8443"),
    ])
    func theAuthorityMayBeAHostOrAnHTTPSAddress(value: String, url: String) async throws {
        let transport = ScriptedTransport(.token())
        _ = try await credential(transport, environment: ["AZURE_AUTHORITY_HOST": value]).getToken(scope)
        #expect(transport.requests.first?.url == "\(url)/tenant-1/oauth2/v2.0/token")
    }

    @Test(arguments: ["http://login.example", "ftp://x", "https://", "https://u:p@host", "https://host?x=y", "a b"])
    func otherAuthoritiesAreRefused(value: String) {
        let error = #expect(throws: CredentialConfigurationError.self) {
            _ = try credential(ScriptedTransport(.token()), environment: ["AZURE_AUTHORITY_HOST": value])
        }
        #expect(error?.reason.contains("AZURE_AUTHORITY_HOST") == true)
    }

    @Test func whatIsMissingIsAConfigurationError() {
        for (tenant, client, secret) in [("", "c", "s"), ("t", "", "s"), ("t", "c", ""), ("t/../x", "c", "s")] {
            #expect(throws: CredentialConfigurationError.self) {
                _ = try ClientSecretCredential(
                    tenantID: tenant, clientID: client, clientSecret: secret,
                    options: .test(ScriptedTransport(.token())))
            }
        }
    }

    @Test func nothingThatHoldsSecretsShowsThem() async throws {
        let transport = ScriptedTransport(.token("very-secret-token"))
        let credential = try credential(transport)
        let token = try await credential.getToken(scope)
        let options = TokenCredentialOptions(environment: ["AZURE_CLIENT_SECRET": Self.secret])
        for value in [token, credential, options] as [Any] {
            var dumped = ""
            dump(value, to: &dumped)
            for text in ["\(value)", String(reflecting: value), dumped] {
                #expect(!text.contains("very-secret-token"))
                #expect(!text.contains(Self.secret))
            }
        }
    }
}
