package import HubBackplane

/// Whom a channel of the backplane speaks to, within one hub.
package enum HubAddress: Hashable, Sendable {
    case all
    case connection(String)
    case group(String)
    case user(String)
    /// This node itself: answers to its commands.
    case node(NodeID)

    func channel(_ names: BackplaneNames, hub: String) -> ChannelName {
        switch self {
        case .all: names.all(hub: hub)
        case .connection(let id): names.connection(id)
        case .group(let name): names.group(name, hub: hub)
        case .user(let id): names.user(id, hub: hub)
        case .node(let id): names.node(id)
        }
    }

    /// Where a node writes down which of its connections are here; nil where nobody asks.
    func presenceKey(_ names: BackplaneNames, hub: String, node: NodeID) -> KeyName? {
        switch self {
        case .group(let name): names.groupMembers(name, hub: hub, node: node)
        case .user(let id): names.userConnections(id, hub: hub, node: node)
        case .all, .connection, .node: nil
        }
    }
}
