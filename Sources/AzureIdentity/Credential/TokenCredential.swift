/// Something that can get access tokens from Microsoft Entra ID, by whatever it authenticates with.
///
/// The credentials of this module cache their tokens, refresh them ahead of time, and ask once for all who ask at the same
/// time: call ``getToken(_:)`` before each request and keep no token.
public protocol TokenCredential: Sendable {
    /// A token that is valid now, from the cache or a new one.
    ///
    /// - Throws: ``CredentialUnavailableError`` when the credential lacks what it needs to try, which lets a chain go on to
    ///   the next one; ``AuthenticationFailedError`` when it tried and was refused; `CancellationError`.
    func getToken(_ context: TokenRequestContext) async throws -> AccessToken
}

extension TokenCredential {
    /// A token for the scopes, e.g. `getToken("https://cognitiveservices.azure.com/.default")`.
    public func getToken(_ scopes: String...) async throws -> AccessToken {
        try await getToken(TokenRequestContext(scopes: scopes))
    }
}

/// What a token is asked for.
public struct TokenRequestContext: Sendable, Hashable {
    /// What the token shall allow, as for Entra's v2 endpoint: a resource and `/.default`. Managed identities and the Azure
    /// CLI take one scope only.
    public var scopes: [String]
    /// The tenant to authenticate in, where it is not the credential's own. Managed identities ignore it.
    public var tenantID: String?
    /// The claims of a resource's challenge (`insufficient_claims`), as JSON. A request with claims is never answered from the
    /// cache.
    public var claims: String?
    /// Whether the program can do what such a challenge asks of it. Entra then gives tokens that last about a day and may be
    /// revoked before (continuous access evaluation); managed identities, `az` and `azd` have no such tokens.
    public var isCAEEnabled: Bool
    /// A token that the resource has refused though it should last longer. The cache gives it no more, but asks for another one,
    /// at most every 30 seconds.
    public var refusedToken: AccessToken?
    /// Whether a chain asks, which would rather hear soon that a credential is unavailable than wait for it.
    var isChained = false

    /// - Parameters:
    ///   - scopes: At least one.
    ///   - tenantID: Another tenant than the credential's own, which its options must allow.
    ///   - claims: Of a challenge, as JSON.
    ///   - isCAEEnabled: Whether the program can meet challenges.
    ///   - refusedToken: What the resource has answered with 401.
    public init(
        scopes: [String], tenantID: String? = nil, claims: String? = nil, isCAEEnabled: Bool = false,
        refusedToken: AccessToken? = nil
    ) {
        self.scopes = scopes
        self.tenantID = tenantID
        self.claims = claims
        self.isCAEEnabled = isCAEEnabled
        self.refusedToken = refusedToken
    }
}
