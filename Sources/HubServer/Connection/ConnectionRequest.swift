public import HubProtocol

/// The HTTP request with which a client connected.
public struct ConnectionRequest: Sendable {
    /// The path, percent-encoded as it came.
    public let path: String
    /// What it was authenticated as.
    package let identity: HubIdentity
    /// The transport that the connection came over.
    public let transport: HubTransportType
    /// Whether negotiation has agreed that the client may go on over another WebSocket.
    let usesStatefulReconnect: Bool
    /// Where the client is: the address of its connection, or what trusted proxies say.
    public let remoteAddress: String?
    /// The connection's place among those that this node takes, where they are counted.
    package let place: ConnectionPlace?

    let queryFields: PackedFields
    let headerFields: PackedFields

    /// - Parameters:
    ///   - query: Names and values, percent-decoded.
    package init(
        path: String, query: [(name: String, value: String)] = [], headers: [(name: String, value: String)] = [],
        identity: HubIdentity = .anonymous, transport: HubTransportType, usesStatefulReconnect: Bool = false,
        remoteAddress: String? = nil, place: ConnectionPlace? = nil
    ) {
        self.init(
            path: path, query: PackedFields(query), headers: PackedFields(headers), identity: identity,
            transport: transport, usesStatefulReconnect: usesStatefulReconnect, remoteAddress: remoteAddress,
            place: place)
    }

    init(
        path: String, query: PackedFields, headers: PackedFields, identity: HubIdentity, transport: HubTransportType,
        usesStatefulReconnect: Bool = false, remoteAddress: String?, place: ConnectionPlace? = nil
    ) {
        self.path = path
        self.identity = identity
        self.transport = transport
        self.usesStatefulReconnect = usesStatefulReconnect
        self.remoteAddress = remoteAddress
        self.place = place
        queryFields = query
        headerFields = headers
    }

    /// What names the client's user, where it was authenticated.
    public var userID: String? { identity.userID }

    /// All parameters of the query, percent-decoded, in their order.
    public var query: [(name: String, value: String)] { queryFields.all }

    /// All headers, in their order.
    public var headers: [(name: String, value: String)] { headerFields.all }

    /// The first parameter of the query with this name, without regard to case.
    public func query(_ name: String) -> String? { queryFields.first(name) }

    /// The first header with this name, without regard to case.
    public func header(_ name: String) -> String? { headerFields.first(name) }
}
