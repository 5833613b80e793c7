/// The groups of a hub as users are members of them: with the connections that they have and with those that they open
/// later, on whichever node.
///
/// The memberships are kept by the backplane and last as long as its data does. A connection is a member of its user's
/// groups before `onConnected` is called.
public struct HubUserGroups: Sendable {
    /// The longest that a membership lasts: a year.
    public static let maximumTimeToLive = Duration.seconds(365 * 24 * 60 * 60)

    private let endpoint: HubEndpoint

    init(endpoint: HubEndpoint) { self.endpoint = endpoint }

    /// Adds a user to a group. What is sent to the group after this returned reaches all connections of the user. Adding
    /// again sets the time anew.
    ///
    /// - Parameter timeToLive: For how long connections that the user opens become members; they stay members while they
    ///   last. Zero adds only those that are there now; nil is ``maximumTimeToLive``, as is any more.
    @discardableResult
    public func add(_ userID: String, to group: String, timeToLive: Duration? = nil) async -> HubUserGroupChange {
        await endpoint.addUser(userID, to: group, timeToLive: timeToLive)
    }

    /// Removes a user from a group, with all connections.
    @discardableResult
    public func remove(_ userID: String, from group: String) async -> HubUserGroupChange {
        await endpoint.removeUser(userID, from: group)
    }

    /// Removes a user from all groups, with all connections, also from groups that single ones were added to.
    @discardableResult
    public func removeFromAll(_ userID: String) async -> HubUserGroupChange {
        await endpoint.removeUser(userID, from: nil)
    }

    /// Whether a user is a member of a group, or a connection of the user is.
    ///
    /// - Throws: ``HubPresenceError/unavailable`` where nobody can say.
    public func contains(_ userID: String, in group: String) async throws -> Bool {
        try await endpoint.isUser(userID, in: group)
    }
}

/// What came of adding a user to a group or removing it.
public enum HubUserGroupChange: Sendable, Equatable {
    /// It is so.
    case done
    /// Only connections that are there were to be added, and there are none.
    case noConnections
    /// The user is a member of 1,000 groups: no more are remembered.
    case tooManyGroups
    /// Nodes have not answered, or the backplane is away: the same may be asked again.
    case unconfirmed
}
