import Logging

/// Authenticates with the identity that Azure gives to the host: virtual machines, App Service, Functions, Container Apps, Azure Arc,
/// Service Fabric, Azure ML, Cloud Shell, and pods with workload identity. Which of them it is, the environment says:
///
/// 1. `IDENTITY_ENDPOINT`, with `IDENTITY_HEADER` and `IDENTITY_SERVER_THUMBPRINT`: Service Fabric; with `IDENTITY_HEADER`: App
///    Service; with `IMDS_ENDPOINT`: Azure Arc.
/// 2. `MSI_ENDPOINT`, with `MSI_SECRET`: Azure ML; alone: Cloud Shell.
/// 3. `AZURE_AUTHORITY_HOST`, `AZURE_TENANT_ID` and `AZURE_FEDERATED_TOKEN_FILE`: workload identity.
/// 4. The instance metadata service where `AZURE_POD_IDENTITY_AUTHORITY_HOST` says; Azure Arc, where its agent is installed, since
///    services of a machine do not get the variables; else the instance metadata service of a virtual machine.
public struct ManagedIdentityCredential: TokenCredential {
    private let credential: any TokenCredential

    static let name = "ManagedIdentityCredential"

    /// - Parameter identity: Which of the host's identities.
    /// - Throws: ``CredentialConfigurationError``.
    public init(
        _ identity: ManagedIdentityID = .systemAssigned, options: TokenCredentialOptions = .init()
    ) throws(CredentialConfigurationError) {
        try self.init(identity, options: options, role: .alone)
    }

    /// What a chain makes of it.
    enum Role {
        case alone
        /// In the default chain.
        case chained(hasWorkloadIdentity: Bool)
        /// The one credential of the default chain: nothing comes after it, so nothing is gained by a probe.
        case chosen
    }

    init(
        _ identity: ManagedIdentityID, options: TokenCredentialOptions, role: Role
    ) throws(CredentialConfigurationError) {
        let transport = options.makeTransport()
        let endpoint = ManagedIdentityEndpoint(transport: transport, identity: identity, options: options)
        if let source = Self.source(endpoint, role) {
            options.logger.info("Managed identity", metadata: ["source": "\(type(of: source).name)"])
            if source is CloudShellSource, identity != .systemAssigned, case .alone = role {
                throw CredentialConfigurationError(
                    credential: Self.name, reason: "Cloud Shell has no user-assigned identities.")
            }
            credential = SourceCredential(source: source, clock: options.clock)
        } else {
            options.logger.info("Managed identity", metadata: ["source": "workload identity"])
            var options = options
            options.transport = transport
            credential = try WorkloadIdentityCredential(clientID: identity.workloadClientID, options: options)
        }
    }

    public func getToken(_ context: TokenRequestContext) async throws -> AccessToken {
        try await credential.getToken(context)
    }

    /// Nil for workload identity.
    private static func source(_ endpoint: ManagedIdentityEndpoint, _ role: Role) -> (any ManagedIdentitySource)? {
        let variable = endpoint.options.variable
        if let url = variable("IDENTITY_ENDPOINT") {
            if let header = variable("IDENTITY_HEADER") {
                if let thumbprint = variable("IDENTITY_SERVER_THUMBPRINT") {
                    return ServiceFabricSource(
                        endpoint: endpoint, url: url, secret: header, thumbprint: thumbprint)
                }
                return AppServiceSource(endpoint: endpoint, url: url, header: header)
            }
            if variable("IMDS_ENDPOINT") != nil {
                return AzureArcSource(endpoint: endpoint, url: url)
            }
            return UnknownSource()
        }
        if let url = variable("MSI_ENDPOINT") {
            if let secret = variable("MSI_SECRET") {
                return AzureMLSource(endpoint: endpoint, url: url, secret: secret)
            }
            return CloudShellSource(endpoint: endpoint, url: url)
        }
        let workloadVariables = ["AZURE_AUTHORITY_HOST", "AZURE_TENANT_ID", "AZURE_FEDERATED_TOKEN_FILE"]
        if role.mayUseWorkloadIdentity, workloadVariables.allSatisfy({ variable($0) != nil }) {
            return nil
        }
        if variable("AZURE_POD_IDENTITY_AUTHORITY_HOST") == nil, AzureArcSource.hasAgent {
            return AzureArcSource(endpoint: endpoint, url: AzureArcSource.agentURL)
        }
        return IMDSSource(endpoint, probes: role.probes)
    }
}

extension ManagedIdentityCredential.Role {
    fileprivate var probes: Bool {
        switch self {
        // A chain of the user's own may hold it.
        case .alone, .chained: true
        case .chosen: false
        }
    }

    fileprivate var mayUseWorkloadIdentity: Bool {
        switch self {
        case .alone: true
        case .chained(let hasWorkloadIdentity): hasWorkloadIdentity
        // The one that was named is all there shall be.
        case .chosen: false
        }
    }
}

extension ManagedIdentityID {
    fileprivate var workloadClientID: String? {
        if case .clientID(let id) = self { id } else { nil }
    }
}

/// `IDENTITY_ENDPOINT` alone is what no host of Azure's sets.
private struct UnknownSource: ManagedIdentitySource {
    static let name = "unknown"

    func token(resource: String, isChained: Bool) async throws -> AccessToken {
        throw ManagedIdentityFailure.unavailable(
            "is not configured: IDENTITY_ENDPOINT is set without IDENTITY_HEADER or IMDS_ENDPOINT.")
    }
}

private struct SourceCredential: TokenCredential {
    private let tokens: TokenCache

    init(source: some ManagedIdentitySource, clock: IdentityClock) {
        tokens = TokenCache(clock: clock) { try await Self.token(from: source, for: $0) }
    }

    func getToken(_ context: TokenRequestContext) async throws -> AccessToken {
        try await tokens.token(for: context)
    }

    private static func token(
        from source: some ManagedIdentitySource, for context: TokenRequestContext
    ) async throws -> AccessToken {
        let name = ManagedIdentityCredential.name
        let resource = try Scopes(context.scopes, credential: name).resource(credential: name)
        let prefix = type(of: source).name
        do {
            return try await source.token(resource: resource, isChained: context.isChained)
        } catch ManagedIdentityFailure.unavailable(let reason) {
            throw CredentialUnavailableError(credential: name, reason: "\(prefix): \(reason)")
        } catch ManagedIdentityFailure.failed(let reason) {
            throw AuthenticationFailedError(credential: name, reason: "\(prefix): \(reason)")
        } catch let failure as TransportFailure {
            throw AuthenticationFailedError(credential: name, reason: "\(prefix): \(failure).")
        }
    }
}
