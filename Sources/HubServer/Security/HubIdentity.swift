/// What a request of a client was authenticated as.
package struct HubIdentity: Sendable {
    /// Nobody that is known.
    package static let anonymous = HubIdentity()

    /// Who it is; nil where it was not authenticated.
    package let user: ClaimsPrincipal?
    /// What names the user in sends. A connection keeps the one that it began with.
    package let userID: String?
    /// When a connection of it is closed, unless it is authenticated anew by then; nil for never.
    package let expiration: ContinuousClock.Instant?

    package init(user: ClaimsPrincipal? = nil, userID: String? = nil, expiration: ContinuousClock.Instant? = nil) {
        self.user = user
        self.userID = userID
        self.expiration = expiration
    }
}
