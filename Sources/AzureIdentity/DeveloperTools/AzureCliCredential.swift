import FoundationEssentials

/// Authenticates as whoever is logged in to the Azure CLI (`az login`), by running `az account get-access-token`.
public struct AzureCliCredential: TokenCredential {
    private let tokens: TokenCache

    static let name = "AzureCliCredential"

    /// - Parameters:
    ///   - tenantID: The tenant to get tokens in; empty takes that of the CLI's current account.
    ///   - subscription: Of the account whose tokens are wanted, by id or name; nil takes the CLI's current one.
    /// - Throws: ``CredentialConfigurationError``.
    public init(
        tenantID: String = "", subscription: String? = nil, options: TokenCredentialOptions = .init()
    ) throws(CredentialConfigurationError) {
        let tenant = try Tenant(tenantID, options: options, credential: Self.name)
        guard subscription.map(Self.isSubscription) ?? true else {
            throw CredentialConfigurationError(credential: Self.name, reason: "the subscription is none; use its id.")
        }
        let tool = CommandLineTool(
            name: "az", environment: options.environment, timeout: options.processTimeout)
        tokens = TokenCache(clock: options.clock) { context in
            let arguments = try Self.arguments(for: context, tenant: tenant, subscription: subscription)
            return try Self.token(in: try await Self.run(tool, arguments))
        }
    }

    public func getToken(_ context: TokenRequestContext) async throws -> AccessToken {
        try await tokens.token(for: context)
    }

    private static func arguments(
        for context: TokenRequestContext, tenant: Tenant, subscription: String?
    ) throws -> [String] {
        let resource = try Scopes(context.scopes, credential: name).resource(credential: name)
        let tenantID = try tenant.resolve(context.tenantID, credential: name)
        if let claims = context.claims {
            // The challenge is for whoever logs in.
            let challenge = Data(claims.utf8).base64EncodedString()
            throw CredentialUnavailableError(
                credential: name,
                reason: "cannot meet claims; run: az login --claims-challenge \(challenge)"
                    + (tenantID.isEmpty ? "" : " --tenant \(tenantID)") + " --scope \(context.scopes[0])")
        }
        var arguments = ["account", "get-access-token", "--output", "json", "--resource", resource]
        if !tenantID.isEmpty { arguments += ["--tenant", tenantID] }
        if let subscription { arguments += ["--subscription", subscription] }
        return arguments
    }

    private static func run(_ tool: CommandLineTool, _ arguments: [String]) async throws -> String {
        let output: CommandLineTool.Output
        do {
            output = try await tool.run(arguments, adding: ["AZURE_CORE_NO_COLOR": "true"])
        } catch let failure as CommandLineTool.Failure {
            throw CredentialUnavailableError(credential: name, reason: failure.reason(tool: "Azure CLI (az)"))
        }
        if output.exitCode == 0 { return output.standardOutput }
        let error = output.standardError
        if output.exitCode == 127 || error.hasPrefix("'az' is not recognized") {
            throw CredentialUnavailableError(
                credential: name, reason: CommandLineTool.Failure.notFound.reason(tool: "Azure CLI (az)"))
        }
        if error.contains("az login") || error.contains("az account set"), !error.contains("AADSTS") {
            throw CredentialUnavailableError(credential: name, reason: "nobody is logged in; run 'az login'.")
        }
        throw AuthenticationFailedError(
            tool: name, reason: error.trimmed.isEmpty ? "Azure CLI failed." : Redaction()(error))
    }

    private static func token(in output: String) throws(AuthenticationFailedError) -> AccessToken {
        guard let answer = try? JSONDecoder().decode(Answer.self, from: Data(output.utf8)),
            answer.accessToken.isBearerToken,
            let end = answer.seconds.map({ Date(timeIntervalSince1970: $0.value) })
                ?? answer.localTime.flatMap({ CivilTime(dashed: $0)?.inLocalZone })
        else {
            throw AuthenticationFailedError(tool: name, reason: "what Azure CLI printed is not a token.")
        }
        return AccessToken(token: answer.accessToken, expiresOn: end)
    }

    private static func isSubscription(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.count <= 256 && text.utf8.first != UInt8(ascii: "-")
            && text.utf8.allSatisfy { $0.isASCIILetterOrDigit || "_-. ".utf8.contains($0) }
    }

    private struct Answer: Decodable {
        let accessToken: String
        /// Since version 2.54.
        let seconds: LenientNumber?
        let localTime: String?

        enum CodingKeys: String, CodingKey {
            case accessToken
            case seconds = "expires_on"
            case localTime = "expiresOn"
        }
    }
}

extension CommandLineTool.Failure {
    func reason(tool: String) -> String {
        switch self {
        case .notFound: "\(tool) was not found."
        case .notExecutable: "\(tool) cannot be run."
        case .timeout: "\(tool) took too long."
        case .outputTooLong: "\(tool) printed more than a token."
        }
    }
}
