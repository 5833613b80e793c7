import AzureIdentityTesting
import FoundationEssentials
import InMemoryLogging
import Logging
import Testing

@testable import AzureIdentity

@Suite(.timeLimit(.minutes(1))) struct DefaultAzureCredentialTests {
    private static let principal = [
        "AZURE_TENANT_ID": "t-1", "AZURE_CLIENT_ID": "app-1", "AZURE_CLIENT_SECRET": "very-secret",
    ]

    @Test func theEnvironmentGoesFirst() async throws {
        let transport = ScriptedTransport(.token())
        let credential = try DefaultAzureCredential(options: .test(transport, environment: Self.principal))
        #expect(try await credential.getToken(scope).token == "t1")
        #expect(transport.requests.map(\.url) == ["https://login.microsoftonline.com/t-1/oauth2/v2.0/token"])
    }

    @Test func allWhoAskAtTheSameTimeMakeOneRequest() async throws {
        let transport = ScriptedTransport { _, _ in
            try await Task.sleep(for: .milliseconds(50))
            return .token()
        }
        let credential = try DefaultAzureCredential(options: .test(transport, environment: Self.principal))
        try await withThrowingTaskGroup(of: String.self) { group in
            for _ in 0..<200 { group.addTask { try await credential.getToken(scope).token } }
            for try await token in group { #expect(token == "t1") }
        }
        #expect(transport.requests.count == 1)
    }

    @Test func aWrongSecretIsNotHiddenBehindTheOthers() async throws {
        let transport = ScriptedTransport(.json(#"{"error":"invalid_client"}"#, status: 401))
        let credential = try DefaultAzureCredential(options: .test(transport, environment: Self.principal))
        let error = await #expect(throws: AuthenticationFailedError.self) { _ = try await credential.getToken(scope) }
        #expect(error?.attempts.map(\.credential) == ["EnvironmentCredential"])
        #expect(error?.response?.error == "invalid_client")
        #expect(transport.requests.count == 1)
    }

    @Test func namesAllThatWereAskedAndWhy() async throws {
        let credential = try DefaultAzureCredential(
            options: .test(ScriptedTransport.unreachable(), environment: ["PATH": "/nowhere"]))
        let error = await #expect(throws: CredentialUnavailableError.self) { _ = try await credential.getToken(scope) }
        #expect(
            error?.description == """
                DefaultAzureCredential failed to retrieve a token from the included credentials.
                Attempted credentials:
                \tEnvironmentCredential: not configured: set AZURE_TENANT_ID and AZURE_CLIENT_ID with AZURE_CLIENT_SECRET or \
                AZURE_CLIENT_CERTIFICATE_PATH.
                \tWorkloadIdentityCredential: not configured, AZURE_TENANT_ID, AZURE_CLIENT_ID, AZURE_FEDERATED_TOKEN_FILE \
                missing.
                \tManagedIdentityCredential: IMDS: no response from the IMDS endpoint.
                \tAzureCliCredential: Azure CLI (az) was not found.
                \tAzureDeveloperCliCredential: Azure Developer CLI (azd) was not found.
                """)
    }

    @Test(arguments: [
        ("", DefaultAzureCredential.Source.allCases), ("  ", DefaultAzureCredential.Source.allCases),
        ("Prod", [.environment, .workloadIdentity, .managedIdentity]), ("dev", [.azureCli, .azureDeveloperCli]),
        (" azurecliCREDENTIAL ", [.azureCli]), ("WorkloadIdentityCredential", [.workloadIdentity]),
    ])
    func aVariableNarrowsTheChain(value: String, sources: [DefaultAzureCredential.Source]) async throws {
        let variables = ["AZURE_TOKEN_CREDENTIALS": value, "PATH": "/nowhere"]
        let credential = try DefaultAzureCredential(
            options: .test(ScriptedTransport.unreachable(), environment: variables))
        let error = await #expect(throws: CredentialUnavailableError.self) { _ = try await credential.getToken(scope) }
        #expect(error?.attempts.map(\.credential) == sources.map(\.rawValue))
    }

    @Test(arguments: ["production", "AzurePowerShellCredential", "environment", "dev,prod"])
    func anythingElseIsAConfigurationError(value: String) {
        let error = #expect(throws: CredentialConfigurationError.self) {
            _ = try DefaultAzureCredential(
                options: .test(ScriptedTransport(.token()), environment: ["AZURE_TOKEN_CREDENTIALS": value]))
        }
        #expect(error?.reason.contains("AZURE_TOKEN_CREDENTIALS") == true)
    }

    @Test func whatIsExcludedIsNotAsked() async throws {
        let credential = try DefaultAzureCredential(
            excluding: [.managedIdentity, .azureCli, .azureDeveloperCli],
            options: .test(ScriptedTransport(.token()), environment: [:]))
        let error = await #expect(throws: CredentialUnavailableError.self) { _ = try await credential.getToken(scope) }
        #expect(error?.attempts.count == 2)
        #expect(throws: CredentialConfigurationError.self) {
            _ = try DefaultAzureCredential(
                excluding: [.azureCli],
                options: .test(
                    ScriptedTransport(.token()), environment: ["AZURE_TOKEN_CREDENTIALS": "AzureCliCredential"]))
        }
    }

    @Test func anEmptyVariableIsNone() async throws {
        var environment = Self.principal
        environment["AZURE_CLIENT_SECRET"] = ""
        let transport = ScriptedTransport(.json(#"{"access_token":"t9","expires_in":"3600"}"#))
        let credential = try DefaultAzureCredential(options: .test(transport, environment: environment))
        #expect(try await credential.getToken(scope).token == "t9")
        // The application's id then is that of a managed identity, as in the other libraries.
        #expect(transport.requests.last?.query["client_id"] == "app-1")
    }

    @Test func logsNeitherTokensNorSecrets() async throws {
        let logs = InMemoryLogHandler()
        var options = TokenCredentialOptions.test(
            ScriptedTransport(.token("token-of-entra")), environment: Self.principal)
        options.logger = Logger(label: "test") { _ in logs }
        options.logger.logLevel = .trace
        _ = try await DefaultAzureCredential(options: options).getToken(scope)
        let text = logs.entries.map { "\($0)" }.joined(separator: "\n")
        #expect(text.contains("EnvironmentCredential"))
        #expect(!text.contains("very-secret"))
        #expect(!text.contains("token-of-entra"))
    }
}
