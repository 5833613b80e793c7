/// Decides whether a client that shows a newer token may go on as what it is now: gets what it was and what it would be.
package typealias AuthenticationRefresh = @Sendable (_ before: ClaimsPrincipal?, _ after: ClaimsPrincipal) async -> Bool

/// What a request of a client was authenticated as.
package struct HubIdentity: Sendable {
    /// Nobody that is known.
    package static let anonymous = HubIdentity()
    /// Nobody that is known, but the request shows something that is not believed.
    package static let disbelieved = HubIdentity(isDisbelieved: true)

    /// Who it is; nil where it was not authenticated.
    package let user: ClaimsPrincipal?
    /// What names the user in sends. A connection keeps the one that it began with.
    package let userID: String?
    /// Until when it is good; nil for ever.
    package let expiration: ContinuousClock.Instant?
    /// Whether a connection of it is closed then, unless it is authenticated anew.
    package let closesOnExpiration: Bool
    /// Whether it is nobody since what it shows is not believed, such as a token that has expired. Its node only knows.
    package let isDisbelieved: Bool

    package init(
        user: ClaimsPrincipal? = nil, userID: String? = nil, expiration: ContinuousClock.Instant? = nil,
        closesOnExpiration: Bool = false, isDisbelieved: Bool = false
    ) {
        self.user = user
        self.userID = userID
        self.expiration = expiration
        self.closesOnExpiration = closesOnExpiration
        self.isDisbelieved = isDisbelieved
    }

    /// Of a newer token that is good for so many milliseconds, nil for ever.
    init(user: ClaimsPrincipal, milliseconds: Int64?) {
        self.init(user: user, expiration: milliseconds.map { .now + .milliseconds($0) }, closesOnExpiration: true)
    }

    /// When a connection of it is closed; nil for never.
    var connectionEnd: ContinuousClock.Instant? { closesOnExpiration ? expiration : nil }
}
