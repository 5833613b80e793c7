/// Whom a hub method can send to: everyone that ``HubClients`` has, and those told by who invoked it.
public struct HubCallerClients: Sendable {
    private let context: HubContext
    private let clients: HubClients

    init(context: HubContext) {
        self.context = context
        clients = HubClients(endpoint: context.connection.endpoint)
    }

    private var connection: HubConnection { context.connection }

    /// The connection that invoked the method.
    public var caller: HubSingleClientProxy { proxy(.caller(connection), connection.id) }

    /// All connections of the hub but the caller's.
    public var others: HubClientProxy { clients.allExcept([connection.id]) }

    /// The members of a group but the caller.
    public func othersInGroup(_ name: String) -> HubClientProxy { clients.groupExcept(name, [connection.id]) }

    /// All connections of the hub, on all nodes.
    public var all: HubClientProxy { clients.all }

    /// All connections of the hub but these.
    public func allExcept(_ connectionIDs: [String]) -> HubClientProxy { clients.allExcept(connectionIDs) }

    /// One connection, on whichever node.
    public func client(_ connectionID: String) -> HubSingleClientProxy {
        proxy(.connections([connectionID]), connectionID)
    }

    private func proxy(_ destination: HubDestination, _ connectionID: String) -> HubSingleClientProxy {
        HubSingleClientProxy(destination, connectionID, of: connection.endpoint, in: context)
    }

    /// Some connections.
    public func clients(_ connectionIDs: [String]) -> HubClientProxy { clients.clients(connectionIDs) }

    /// The members of a group.
    public func group(_ name: String) -> HubClientProxy { clients.group(name) }

    /// The members of a group but these connections.
    public func groupExcept(_ name: String, _ connectionIDs: [String]) -> HubClientProxy {
        clients.groupExcept(name, connectionIDs)
    }

    /// The members of some groups. A member of several gets the message as many times.
    public func groups(_ names: [String]) -> HubClientProxy { clients.groups(names) }

    /// All connections of a user.
    public func user(_ id: String) -> HubClientProxy { clients.user(id) }

    /// All connections of some users.
    public func users(_ ids: [String]) -> HubClientProxy { clients.users(ids) }
}
