/// The groups of a hub: names under which connections, on whichever node, are sent to together.
///
/// A group exists while it has members; names are case-sensitive. Membership ends with the connection.
public struct HubGroups: Sendable {
    private let endpoint: HubEndpoint

    init(endpoint: HubEndpoint) { self.endpoint = endpoint }

    /// Adds a connection to a group. What is sent to the group after this returned reaches the connection.
    ///
    /// Adding twice, or a connection that is gone, does nothing. A connection on another node is added by that node; this
    /// waits for its answer for two seconds at most.
    public func add(_ connectionID: String, to group: String) async {
        await endpoint.add(connectionID, to: group)
    }

    /// Removes a connection from a group. Does nothing where it is not a member.
    public func remove(_ connectionID: String, from group: String) async {
        await endpoint.remove(connectionID, from: group)
    }
}
