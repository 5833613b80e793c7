package import HubServer

/// Who may reach hubs over HTTP, and how it is told who they are.
package struct HubSecurity: Sendable {
    /// The pages that may use the hubs from a browser.
    package var origins = AllowedOrigins.sameOrigin
    /// Nil where nobody is authenticated.
    package var authenticator: (any HubAuthenticator)?
    /// What names a user in sends (ASP.NET's `IUserIdProvider`).
    package var userID: @Sendable (ClaimsPrincipal) -> String? = { $0.nameIdentifier }
    /// Whether a connection is closed when what its client was authenticated with expires.
    package var closesOnAuthenticationExpiration = false
    /// Whether a client may be authenticated anew while it is connected.
    package var enablesAuthenticationRefresh = false

    /// Nil where nothing is limited.
    package var limiter: ConnectionLimiter?
    package var refusals = RefusalCounters()
    package var trustedProxies = TrustedProxies.none

    package init() {}
}
