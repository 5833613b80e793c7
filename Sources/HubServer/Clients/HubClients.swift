/// Whom a hub can send to.
public struct HubClients: Sendable {
    private let endpoint: HubEndpoint

    init(endpoint: HubEndpoint) { self.endpoint = endpoint }

    private func proxy(_ destination: HubDestination) -> HubClientProxy { HubClientProxy(destination, of: endpoint) }

    /// All connections of the hub, on all nodes.
    public var all: HubClientProxy { proxy(.all(except: [])) }

    /// All connections of the hub but these.
    public func allExcept(_ connectionIDs: [String]) -> HubClientProxy { proxy(.all(except: connectionIDs)) }

    /// One connection, on whichever node.
    public func client(_ connectionID: String) -> HubSingleClientProxy {
        HubSingleClientProxy(.connections([connectionID]), connectionID, of: endpoint)
    }

    /// Some connections.
    public func clients(_ connectionIDs: [String]) -> HubClientProxy { proxy(.connections(connectionIDs)) }

    /// The members of a group.
    public func group(_ name: String) -> HubClientProxy { proxy(.groups([name], except: [])) }

    /// The members of a group but these connections.
    public func groupExcept(_ name: String, _ connectionIDs: [String]) -> HubClientProxy {
        proxy(.groups([name], except: connectionIDs))
    }

    /// The members of some groups. A member of several gets the message as many times.
    public func groups(_ names: [String]) -> HubClientProxy { proxy(.groups(names, except: [])) }

    /// All connections of a user.
    public func user(_ id: String) -> HubClientProxy { proxy(.users([id])) }

    /// All connections of some users.
    public func users(_ ids: [String]) -> HubClientProxy { proxy(.users(ids)) }
}
