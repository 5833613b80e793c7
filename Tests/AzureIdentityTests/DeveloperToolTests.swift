import AzureIdentityTesting
import FoundationEssentials
import Testing

@testable import AzureIdentity

/// `az` and `azd` as scripts.
@Suite(.timeLimit(.minutes(1))) struct DeveloperToolTests {
    private let folder: TemporaryFolder
    private let token = #"{"accessToken":"t1","expiresOn":"2027-01-15 08:00:00.000000","expires_on":1800000000}"#

    init() throws {
        folder = try TemporaryFolder()
    }

    private func options(timeout: Duration = .seconds(10)) -> TokenCredentialOptions {
        var options = TokenCredentialOptions.test(
            ScriptedTransport.unreachable(), environment: ["PATH": "relative:\(folder.path):/usr/bin:/bin"])
        options.processTimeout = timeout
        return options
    }

    private func reason(_ body: () async throws -> AccessToken) async -> (reason: String, isUnavailable: Bool)? {
        do {
            _ = try await body()
        } catch let error as CredentialUnavailableError {
            return (error.reason, true)
        } catch let error as AuthenticationFailedError {
            return (error.reason, false)
        } catch {}
        return nil
    }

    @Test func azIsRunWithoutAShellInAFolderOfTheSystems() async throws {
        try folder.script(
            "az",
            """
            printf '%s|' "${PWD##*/}" "$AZURE_CORE_NO_COLOR" "$@" > \(folder.path("args"))
            echo '\(token)'
            """)
        let credential = try AzureCliCredential(subscription: "My Sub", options: options())
        let context = TokenRequestContext(scopes: [scope], tenantID: "t-1")
        #expect(try await credential.getToken(context).expiresOn == Date(timeIntervalSince1970: 1_800_000_000))
        let arguments = try String(decoding: SmallFile(path: folder.path("args"), limit: 4096).read(), as: UTF8.self)
        #expect(
            arguments == "bin|true|account|get-access-token|--output|json|--resource|"
                + "https://cognitiveservices.azure.com|--tenant|t-1|--subscription|My Sub|")
    }

    @Test func azIsRunOnceForATokenThatLasts() async throws {
        let end = Int(Date.now.timeIntervalSince1970) + 3600
        try folder.script(
            "az", "echo run >> \(folder.path("runs"))\necho '{\"accessToken\":\"t\",\"expires_on\":\(end)}'")
        var options = options()
        options.clock = .system
        let credential = try AzureCliCredential(options: options)
        for _ in 1...3 { _ = try await credential.getToken(scope) }
        #expect(try SmallFile(path: folder.path("runs"), limit: 100).readText() == "run\n")
    }

    @Test func anOldAzTellsLocalTime() async throws {
        try folder.script("az", #"echo '{"accessToken":"t1","expiresOn":"2027-01-15 08:00:00.5"}'"#)
        let end = try await AzureCliCredential(options: options()).getToken(scope).expiresOn
        let expected = try #require(
            CivilTime(year: 2027, month: 1, day: 15, hour: 8, minute: 0, second: 0)?.inLocalZone)
        #expect(end == expected)
    }

    @Test func whatAzMayAnswerInstead() async throws {
        for (script, isUnavailable, text) in [
            ("echo 'ERROR: Please run az login to setup account.' >&2; exit 1", true, "az login"),
            ("echo 'AADSTS50076: do az login again' >&2; exit 1", false, "AADSTS50076"),
            ("echo '\"accessToken\": \"hush\"' >&2; exit 3", false, "***"), ("exit 127", true, "not found"),
            ("echo no json", false, "not a token"), ("exit 1", false, "failed"), ("kill -9 $$", false, "failed"),
        ] {
            try folder.script("az", script)
            let problem = await reason { try await AzureCliCredential(options: options()).getToken(scope) }
            #expect(problem?.isUnavailable == isUnavailable, "\(script)")
            #expect(problem?.reason.contains(text) == true, "\(script): \(problem?.reason ?? "-")")
            #expect(problem?.reason.contains("hush") == false)
        }
    }

    @Test func withoutAzNothingIsRun() async throws {
        let problem = await reason { try await AzureCliCredential(options: options()).getToken(scope) }
        #expect(problem?.isUnavailable == true)
        #expect(problem?.reason == "Azure CLI (az) was not found.")
    }

    @Test func aToolThatHangsEndsWithAllThatItStarted() async throws {
        try folder.script("az", "sleep 60 &\necho $! > \(folder.path("child"))\nwait")
        let start = ContinuousClock.now
        let problem = await reason {
            try await AzureCliCredential(options: options(timeout: .seconds(2))).getToken(scope)
        }
        #expect(problem?.reason == "Azure CLI (az) took too long.")
        #expect(ContinuousClock.now - start < .seconds(5))
        let child = try SmallFile(path: folder.path("child"), limit: 20).readText().trimmed
        while (try? SmallFile(path: "/proc/\(child)/stat", limit: 4096).readText())?.contains(" Z ") == false {
            try await Task.sleep(for: .milliseconds(10))
        }
    }

    @Test func whatAToolLeavesBehindHoldsNobodyUp() async throws {
        try folder.script("az", "setsid sleep 8 &\necho '\(token)'")
        let start = ContinuousClock.now
        _ = await reason {
            try await AzureCliCredential(options: options(timeout: .milliseconds(300))).getToken(scope)
        }
        #expect(ContinuousClock.now - start < .seconds(5))
    }

    @Test func aToolThatPrintsWithoutEndIsStopped() async throws {
        try folder.script("az", "yes")
        let problem = await reason { try await AzureCliCredential(options: options()).getToken(scope) }
        #expect(problem?.reason == "Azure CLI (az) printed more than a token.")
    }

    @Test(arguments: ["$(touch x)", "a;b", "--help", "a b"]) func nothingThatIsNoScopeOrTenantReachesATool(text: String)
        async throws
    {
        try folder.script("az", "echo ran > \(folder.path("ran"))")
        try folder.script("azd", "echo ran > \(folder.path("ran"))")
        for credential in [
            try AzureCliCredential(options: options()) as any TokenCredential,
            try AzureDeveloperCliCredential(options: options()),
        ] {
            for context in [
                TokenRequestContext(scopes: [text]), TokenRequestContext(scopes: [scope], tenantID: text),
            ] {
                await #expect(throws: AuthenticationFailedError.self) { _ = try await credential.getToken(context) }
            }
        }
        #expect(throws: CredentialConfigurationError.self) { _ = try AzureCliCredential(tenantID: text) }
        #expect(throws: SmallFile.Failure.unreadable) { try SmallFile(path: folder.path("ran"), limit: 10).read() }
    }

    @Test func azCannotMeetClaimsAndSaysWhoCan() async throws {
        try folder.script("az", "echo '\(token)'")
        let context = TokenRequestContext(scopes: [scope], claims: #"{"access_token":{}}"#)
        let problem = await reason { try await AzureCliCredential(options: options()).getToken(context) }
        #expect(problem?.isUnavailable == true)
        #expect(problem?.reason.contains("az login --claims-challenge eyJhY2Nlc3NfdG9rZW4iOnt9fQ==") == true)
    }

    @Test func azdTellsUTC() async throws {
        try folder.script(
            "azd",
            """
            printf '%s|' "${PWD##*/}" "$NO_COLOR" "$@" > \(folder.path("args"))
            echo '{"token":"t2","expiresOn":"2027-01-15T08:00:00Z"}'
            """)
        let credential = try AzureDeveloperCliCredential(options: options())
        let context = TokenRequestContext(scopes: [scope, "b"], tenantID: "t-1", claims: "{}")
        #expect(try await credential.getToken(context).expiresOn == Date(timeIntervalSince1970: 1_800_000_000))
        let arguments = try String(decoding: SmallFile(path: folder.path("args"), limit: 4096).read(), as: UTF8.self)
        #expect(
            arguments == "bin|true|auth|token|--output|json|--no-prompt|--scope|\(scope)|--scope|b|"
                + "--tenant-id|t-1|--claims|e30=|")
    }

    @Test func whatAzdMayAnswerInstead() async throws {
        for (script, isUnavailable, text) in [
            ("echo 'ERROR: not logged in, run `azd auth login` to login' >&2; exit 1", true, "azd auth login"),
            ("echo 'unknown flag: --claims' >&2; exit 1", true, "1.18.1"),
            (#"echo '{"error":"new words","message":"m"}' >&2; exit 1"#, false, "new words"),
            (#"echo '{"type":"consoleMessage","data":{"message":"ERROR: old words"}}'; exit 1"#, false, "old words"),
            ("echo plain words >&2; exit 1", false, "plain words"), ("exit 127", true, "not found"),
            ("echo {}", false, "not a token"),
        ] {
            try folder.script("azd", script)
            let problem = await reason { try await AzureDeveloperCliCredential(options: options()).getToken(scope) }
            #expect(problem?.isUnavailable == isUnavailable, "\(script)")
            #expect(problem?.reason.contains(text) == true, "\(script): \(problem?.reason ?? "-")")
        }
    }
}
