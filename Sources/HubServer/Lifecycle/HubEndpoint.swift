import HubBackplane
package import Logging
import NIOCore

/// A hub mounted at a path: where transports bring their connections.
public final class HubEndpoint: Sendable {
    /// The hub.
    public let hub: Hub
    /// The path as given to ``HubServer/mount(_:at:)``. Hub paths match without regard to case.
    public let path: String
    package let server: HubServer
    package let options: HubOptions
    package let logger: Logger
    /// The hub's name on the backplane: the same on every node.
    let hubName: String
    /// Whether a client that shows a newer token may go on as what it is now.
    let mayAuthenticateAnew: AuthenticationRefresh
    /// What serves the clients in the hub's place, where it was mounted there.
    package let clientConnections: ClientConnections?

    let registrations: Hub.Registrations
    let metrics: InvocationMetrics
    /// Those of all hubs, then those of this one; nil where there are none.
    let filters: HubFilterChain?
    let roster = Roster()
    /// Nil where nobody asks who is there.
    let presence: PresenceRecord?
    let userGroups = UserGroupJoining()
    let subscriptions: ChannelSubscriptions
    let commands = NodeRequests<CommandOutcome>()
    let answers = PendingAnswers()
    let homes = ConnectionHomes()
    let relayed: RelayHome

    init(
        hub: Hub, path: String, server: HubServer, mayAuthenticateAnew: @escaping AuthenticationRefresh,
        clientConnections: ClientConnections? = nil
    ) {
        let hubName = hub.name ?? path.lowercased()
        self.hub = hub
        self.path = path
        self.server = server
        self.hubName = hubName
        self.mayAuthenticateAnew = mayAuthenticateAnew
        self.clientConnections = clientConnections
        var logger = server.logger
        logger[metadataKey: "hub"] = .string(hubName)
        self.logger = logger
        subscriptions = ChannelSubscriptions(
            backplane: server.backplane, names: server.names, node: server.node, hubName: hubName, logger: logger)
        var options = server.options
        if let limit = hub.maximumParallelInvocationsPerClient {
            options.maximumParallelInvocationsPerClient = limit
        }
        self.options = options
        registrations = hub.freeze()
        metrics = InvocationMetrics(hub: hubName, methods: registrations.methods.values)
        filters = HubFilterChain(options.filters + registrations.filters)
        presence =
            hub.tracksPresence
            ? PresenceRecord(server: server, hubName: hubName, roster: roster, logger: logger) : nil
        relayed = RelayHome(edge: server.relay) { [homes, roster] id in
            homes[id] ?? roster.connection(id) ?? clientConnections?[id]
        }
        server.leases.observeTerm { [weak relayed] in relayed?.termBegan() }
        hub.mounted(at: self)
        subscriptions.start { [weak self] address, bytes in self?.receive(bytes, at: address) }
    }
}

// MARK: Attaching

extension HubEndpoint {
    /// Claims a connection id that came in a token, so that it is used once only, at whichever node.
    ///
    /// - Parameter timeToLive: As long as the token could be used again.
    /// - Returns: `false` when the id has been claimed before: 409 if ``connection(_:)`` finds it alive, else 404.
    /// - Throws: `BackplaneError` when the backplane cannot be asked. WebSockets attach then nevertheless.
    package func claim(_ id: String, timeToLive: Duration) async throws -> Bool {
        try await server.backplane.set(
            server.names.connectionClaim(id), to: ByteBuffer(string: server.node.rawValue), timeToLive: timeToLive,
            onlyIfAbsent: true)
    }

    /// Says of a connection that was claimed that it has ended, for as long as others may ask.
    package func endClaim(of id: String, timeToLive: Duration) {
        Task {
            try? await server.backplane.set(
                server.names.connectionClaim(id), to: ByteBuffer(), timeToLive: timeToLive, onlyIfAbsent: false)
        }
    }

    /// Whether somebody has claimed a connection that is not known to have ended.
    package func isClaimed(_ id: String) async -> Bool {
        guard let claim = try? await server.backplane.get(server.names.connectionClaim(id)) else { return false }
        return claim.readableBytes > 0
    }

    /// Listens to a connection's channel. Whoever answers a client before that would lose what other nodes send to it.
    ///
    /// Returns when the subscription is confirmed, or at once where the backplane is away; it is made up for later.
    package func reserve(_ id: String) async -> ConnectionReservation {
        await subscriptions.retain(.connection(id))
        return ConnectionReservation(id: id, subscriptions: subscriptions)
    }

    /// Makes the hub's side of a connection. Call ``HubConnection/start()`` next, and when the transport has ended,
    /// whatever happened, ``HubConnection/transportClosed(error:)``.
    ///
    /// Call on the transport's event loop.
    package func connect(
        _ reservation: ConnectionReservation, request: ConnectionRequest, transport: any ConnectionTransport
    ) -> HubConnection {
        server.population.arrived()
        return HubConnection(
            reservation: reservation, endpoint: self, request: request, transport: transport,
            loop: server.connectionLoops[transport.eventLoop])
    }

    /// The connection of this id if this node holds it and its handshake was accepted.
    package func connection(_ id: String) -> HubConnection? { roster.connection(id) }

    /// How many connections this node holds.
    package var connectionCount: Int { roster.count }
}
