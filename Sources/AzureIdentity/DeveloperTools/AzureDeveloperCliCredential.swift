import FoundationEssentials

/// Authenticates as whoever is logged in to the Azure Developer CLI (`azd auth login`), by running `azd auth token`.
public struct AzureDeveloperCliCredential: TokenCredential {
    private let tokens: TokenCache

    static let name = "AzureDeveloperCliCredential"
    private static let tool = "Azure Developer CLI (azd)"

    /// - Parameter tenantID: The tenant to get tokens in; empty takes that of the account.
    /// - Throws: ``CredentialConfigurationError``.
    public init(
        tenantID: String = "", options: TokenCredentialOptions = .init()
    ) throws(CredentialConfigurationError) {
        let tenant = try Tenant(tenantID, options: options, credential: Self.name)
        let tool = CommandLineTool(
            name: "azd", environment: options.environment, timeout: options.processTimeout)
        tokens = TokenCache(clock: options.clock) { context in
            try Self.token(in: try await Self.run(tool, try Self.arguments(for: context, tenant: tenant)))
        }
    }

    public func getToken(_ context: TokenRequestContext) async throws -> AccessToken {
        try await tokens.token(for: context)
    }

    private static func arguments(for context: TokenRequestContext, tenant: Tenant) throws -> [String] {
        var arguments = ["auth", "token", "--output", "json", "--no-prompt"]
        for scope in try Scopes(context.scopes, credential: name).values {
            arguments += ["--scope", scope]
        }
        let tenantID = try tenant.resolve(context.tenantID, credential: name)
        if !tenantID.isEmpty { arguments += ["--tenant-id", tenantID] }
        if let claims = context.claims { arguments += ["--claims", Data(claims.utf8).base64EncodedString()] }
        return arguments
    }

    private static func run(_ tool: CommandLineTool, _ arguments: [String]) async throws -> String {
        let output: CommandLineTool.Output
        do {
            output = try await tool.run(arguments, adding: ["NO_COLOR": "true"])
        } catch let failure as CommandLineTool.Failure {
            throw CredentialUnavailableError(credential: name, reason: failure.reason(tool: Self.tool))
        }
        if output.exitCode == 0 { return output.standardOutput }
        if output.exitCode == 127 {
            throw CredentialUnavailableError(
                credential: name, reason: CommandLineTool.Failure.notFound.reason(tool: Self.tool))
        }
        let text = output.standardOutput + "\n" + output.standardError
        if text.contains("not logged in, run `azd auth login` to login"), !text.contains("AADSTS") {
            throw CredentialUnavailableError(credential: name, reason: "nobody is logged in; run 'azd auth login'.")
        }
        if text.contains("unknown flag: --claims") {
            throw CredentialUnavailableError(credential: name, reason: "claims need azd 1.18.1 or later.")
        }
        throw AuthenticationFailedError(tool: name, reason: reason(in: output))
    }

    /// What azd says is wrong, in the JSON lines that it writes to either stream.
    private static func reason(in output: CommandLineTool.Output) -> String {
        let messages = [output.standardOutput, output.standardError].flatMap { text in
            text.split(separator: "\n").compactMap { try? JSONDecoder().decode(Message.self, from: Data($0.utf8)) }
        }
        let plain = output.standardError.trimmed
        let reason = messages.lazy.compactMap(\.error).first ?? messages.lazy.compactMap(\.data?.message).first ?? plain
        return reason.isEmpty ? "Azure Developer CLI failed." : Redaction()(reason)
    }

    private static func token(in output: String) throws(AuthenticationFailedError) -> AccessToken {
        // UTC, as its Z says, though some libraries read it as local time.
        guard let answer = try? JSONDecoder().decode(Answer.self, from: Data(output.utf8)),
            answer.token.isBearerToken, let end = try? Date(answer.expiresOn, strategy: .iso8601)
        else {
            throw AuthenticationFailedError(tool: name, reason: "what Azure Developer CLI printed is not a token.")
        }
        return AccessToken(token: answer.token, expiresOn: end)
    }

    private struct Answer: Decodable {
        let token: String
        let expiresOn: String
    }

    /// `error` since version 1.23.7, `data.message` before.
    private struct Message: Decodable {
        struct Content: Decodable {
            let message: String?
        }

        let error: String?
        let data: Content?
    }
}
