/// Authenticates an application with one of its client secrets.
public struct ClientSecretCredential: TokenCredential {
    private let tokens: TokenCache

    static let name = "ClientSecretCredential"

    /// - Parameters:
    ///   - tenantID: The application's tenant ("directory") id.
    ///   - clientID: The application's client id.
    ///   - clientSecret: One of the application's secrets.
    /// - Throws: ``CredentialConfigurationError``.
    public init(
        tenantID: String, clientID: String, clientSecret: String, options: TokenCredentialOptions = .init()
    ) throws(CredentialConfigurationError) {
        let client = try EntraClient(credential: Self.name, tenantID: tenantID, clientID: clientID, options: options)
        guard !clientSecret.isEmpty else {
            throw CredentialConfigurationError(credential: Self.name, reason: "needs a client secret.")
        }
        tokens = TokenCache(clock: options.clock) { context in
            try await client.token(for: context) { _ in .secret(clientSecret) }
        }
    }

    public func getToken(_ context: TokenRequestContext) async throws -> AccessToken {
        try await tokens.token(for: context)
    }
}
