/// Authenticates a workload by the token that its platform signs for it, as Kubernetes does for a service account, where the
/// application trusts that issuer (workload identity federation).
///
/// The file is read for each new token: Kubernetes replaces it about once an hour.
public struct WorkloadIdentityCredential: TokenCredential {
    private let tokens: TokenCache

    static let name = "WorkloadIdentityCredential"
    private static let maximumFile = 64 * 1024

    /// - Parameters:
    ///   - tenantID: The application's tenant; nil takes `AZURE_TENANT_ID`.
    ///   - clientID: The application's client id; nil takes `AZURE_CLIENT_ID`.
    ///   - tokenFilePath: Where the platform puts its token; nil takes `AZURE_FEDERATED_TOKEN_FILE`.
    /// - Throws: ``CredentialConfigurationError``, which names the missing ones.
    public init(
        tenantID: String? = nil, clientID: String? = nil, tokenFilePath: String? = nil,
        options: TokenCredentialOptions = .init()
    ) throws(CredentialConfigurationError) {
        let values = [
            ("AZURE_TENANT_ID", tenantID), ("AZURE_CLIENT_ID", clientID), ("AZURE_FEDERATED_TOKEN_FILE", tokenFilePath),
        ].map { (name: $0.0, value: $0.1 ?? options.variable($0.0) ?? "") }
        let missing = values.filter(\.value.isEmpty).map(\.name)
        guard missing.isEmpty else {
            throw CredentialConfigurationError(
                credential: Self.name, reason: "not configured, \(missing.joined(separator: ", ")) missing.")
        }
        let client = try EntraClient(
            credential: Self.name, tenantID: values[0].value, clientID: values[1].value, options: options)
        let file = SmallFile(path: values[2].value, limit: Self.maximumFile)
        tokens = TokenCache(clock: options.clock) { context in
            try await client.token(for: context) { _ in .assertion(try Self.assertion(file)) }
        }
    }

    public func getToken(_ context: TokenRequestContext) async throws -> AccessToken {
        try await tokens.token(for: context)
    }

    private static func assertion(_ file: SmallFile) throws(AuthenticationFailedError) -> String {
        do {
            let text = try file.readText().trimmed
            guard text.isBearerToken else { throw SmallFile.Failure.unreadable }
            return text
        } catch {
            throw AuthenticationFailedError(
                credential: name, reason: "the file with the platform's token, \(file.path), \(error).")
        }
    }
}
