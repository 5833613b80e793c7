/// The credential for programs that run on a developer's machine and in Azure alike. It asks, in this order,
///
/// 1. ``EnvironmentCredential``,
/// 2. ``WorkloadIdentityCredential``,
/// 3. ``ManagedIdentityCredential``,
/// 4. ``AzureCliCredential``,
/// 5. ``AzureDeveloperCliCredential``,
///
/// and stays with the first that gives a token. `AZURE_TOKEN_CREDENTIALS` narrows that: `prod` to the first three, `dev` to the last
/// two, or the name of one of them.
public struct DefaultAzureCredential: TokenCredential {
    /// The credentials of the chain, named as in `AZURE_TOKEN_CREDENTIALS`.
    public enum Source: String, Sendable, Hashable, CaseIterable {
        case environment = "EnvironmentCredential"
        case workloadIdentity = "WorkloadIdentityCredential"
        case managedIdentity = "ManagedIdentityCredential"
        case azureCli = "AzureCliCredential"
        case azureDeveloperCli = "AzureDeveloperCliCredential"
    }

    private let chain: ChainedTokenCredential

    static let name = "DefaultAzureCredential"

    /// - Parameters:
    ///   - managedIdentityClientID: Of the user-assigned identity; nil takes `AZURE_CLIENT_ID`.
    ///   - workloadIdentityClientID: Of the workload's application; nil takes the one before.
    ///   - excluded: Left out, whatever `AZURE_TOKEN_CREDENTIALS` says.
    /// - Throws: ``CredentialConfigurationError``: when `AZURE_TOKEN_CREDENTIALS` says something else, when nothing is left, or when
    ///   what the environment names cannot be used.
    public init(
        managedIdentityClientID: String? = nil, workloadIdentityClientID: String? = nil,
        excluding excluded: Set<Source> = [], options: TokenCredentialOptions = .init()
    ) throws(CredentialConfigurationError) {
        let selection = try Selection(options.variable("AZURE_TOKEN_CREDENTIALS"))
        let sources = selection.sources.filter { !excluded.contains($0) }
        guard !sources.isEmpty else {
            throw CredentialConfigurationError(credential: Self.name, reason: "every credential is excluded.")
        }
        var options = options
        options.transport = options.makeTransport()
        let identityID = managedIdentityClientID ?? options.variable("AZURE_CLIENT_ID")
        var links: [ChainedTokenCredential.Link] = []
        for source in sources {
            let credential: any TokenCredential
            switch source {
            case .environment: credential = try EnvironmentCredential(options: options)
            case .workloadIdentity:
                credential = try Self.workloadIdentity(workloadIdentityClientID ?? identityID, options)
            case .managedIdentity:
                credential = try ManagedIdentityCredential(
                    identityID.map { .clientID($0) } ?? .systemAssigned, options: options,
                    role: selection.isChosen(source)
                        ? .chosen : .chained(hasWorkloadIdentity: sources.contains(.workloadIdentity)))
            case .azureCli: credential = try AzureCliCredential(options: options)
            case .azureDeveloperCli: credential = try AzureDeveloperCliCredential(options: options)
            }
            links.append(.init(name: source.rawValue, credential: credential))
        }
        chain = ChainedTokenCredential(name: Self.name, links: links, logger: options.logger)
    }

    public func getToken(_ context: TokenRequestContext) async throws -> AccessToken {
        try await chain.getToken(context)
    }

    /// Where it is not configured, its place in the chain says what is missing.
    private static func workloadIdentity(
        _ clientID: String?, _ options: TokenCredentialOptions
    ) throws(CredentialConfigurationError) -> any TokenCredential {
        do {
            return try WorkloadIdentityCredential(clientID: clientID, options: options)
        } catch {
            return UnavailableCredential(name: error.credential, reason: error.reason)
        }
    }
}

extension DefaultAzureCredential {
    /// What `AZURE_TOKEN_CREDENTIALS` says.
    struct Selection: Hashable {
        let sources: [Source]
        private let chosen: Source?

        /// Credentials of other platforms' libraries, which are no mistake in a shared environment, but not here.
        private static let elsewhere = [
            "azurepowershellcredential", "visualstudiocredential", "visualstudiocodecredential",
            "interactivebrowsercredential", "brokercredential",
        ]

        init(_ text: String?) throws(CredentialConfigurationError) {
            let word = (text ?? "").trimmed.lowercased()
            let named = Source.allCases.first { $0.rawValue.lowercased() == word }
            chosen = named
            switch (word, named) {
            case (_, let source?): sources = [source]
            case ("", _): sources = Source.allCases
            case ("prod", _): sources = [.environment, .workloadIdentity, .managedIdentity]
            case ("dev", _): sources = [.azureCli, .azureDeveloperCli]
            default:
                let names = (["dev", "prod"] + Source.allCases.map(\.rawValue)).joined(separator: ", ")
                let isElsewhere = Self.elsewhere.contains(word)
                throw CredentialConfigurationError(
                    credential: DefaultAzureCredential.name,
                    reason: "AZURE_TOKEN_CREDENTIALS names "
                        + (isElsewhere ? "a credential that this library does not have" : "no credential")
                        + "; it may be \(names).")
            }
        }

        /// Whether it names this one credential.
        func isChosen(_ source: Source) -> Bool { chosen == source }
    }
}
