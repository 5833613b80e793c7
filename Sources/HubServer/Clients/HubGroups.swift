/// The groups of a hub: names under which connections, on whichever node, are sent to together.
///
/// A group exists while it has members; names are case-sensitive. Membership ends with the connection.
public struct HubGroups: Sendable {
    private let endpoint: HubEndpoint

    init(endpoint: HubEndpoint) { self.endpoint = endpoint }

    /// Adds a connection to a group. What is sent to the group after this returned reaches the connection.
    ///
    /// Adding twice does nothing. A connection on another node is added by that node.
    ///
    /// - Returns: What came of it: at once where the connection is gone, after two seconds where its node does not answer.
    @discardableResult
    public func add(_ connectionID: String, to group: String) async -> HubGroupChange {
        await endpoint.add(connectionID, to: group)
    }

    /// Removes a connection from a group.
    ///
    /// - Returns: What came of it, done also where the connection was no member.
    @discardableResult
    public func remove(_ connectionID: String, from group: String) async -> HubGroupChange {
        await endpoint.remove(connectionID, from: group)
    }
}

/// What came of adding a connection to a group or removing it.
public enum HubGroupChange: Sendable, Equatable {
    /// It is so.
    case done
    /// No node holds the connection (any more).
    case noSuchConnection
    /// The node that holds the connection has not answered, or the backplane is away.
    case unconfirmed
}
