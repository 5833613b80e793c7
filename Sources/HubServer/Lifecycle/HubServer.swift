public import HubBackplane
public import Logging
import NIOCore
public import ServiceLifecycle
import Synchronization

/// Holds the connections of the hubs that are mounted on it, and keeps them in touch with those of other nodes.
///
/// It is a service: run it in a `ServiceGroup`. On graceful shutdown it tells all clients to reconnect elsewhere.
public final class HubServer: Service, Sendable {
    package let backplane: any Backplane
    package let names: BackplaneNames
    package let node: NodeID
    /// This node's lease, and who of the others lives.
    package let leases: NodeLeases
    package let options: HubOptions
    package let logger: Logger
    package let time: ClusterTime
    package let relay: RelayEdge

    let livingNodes: LivingNodes
    let connectionLoops: ConnectionLoops
    let population = Population()
    let metrics = ConnectionMetrics()
    private let ownsLeases: Bool

    /// Creates a server without hubs.
    ///
    /// - Parameters:
    ///   - backplane: What carries messages to other nodes; an `InMemoryBackplane` where there is one node only.
    ///   - names: The names used on the backplane. All nodes of an application use the same.
    ///   - node: The name of this node, unique among those on the backplane.
    ///   - leases: The node's lease where others need it too: a service of its own then, that ends after them. Without, the
    ///     server holds one while it runs.
    ///   - options: Limits and times. One that cannot be, such as a time below 0, is a programmer's error and stops the
    ///     program.
    ///   - logger: Where the server logs. It logs no payloads, tokens or user ids.
    public init(
        backplane: any Backplane, names: BackplaneNames, node: NodeID = NodeID(), leases: NodeLeases? = nil,
        options: HubOptions = HubOptions(), logger: Logger
    ) {
        if let problem = options.problem { preconditionFailure("HubOptions: \(problem)") }
        precondition(leases.map { $0.node == node } ?? true, "the lease is another node's")
        self.backplane = backplane
        self.names = names
        self.node = node
        self.leases = leases ?? NodeLeases(backplane: backplane, node: node, logger: logger)
        livingNodes = LivingNodes(backplane: backplane, leases: self.leases)
        ownsLeases = leases == nil
        self.options = options
        self.logger = logger
        connectionLoops = ConnectionLoops(options: options)
        let time = ClusterTime(backplane: backplane)
        self.time = time
        relay = RelayEdge(
            backplane: backplane, names: names, node: node, time: time, nodes: self.leases, options: options,
            logger: logger)
        backplane.observeState { state in
            if state == .ready { Task { try? await time.read() } }
        }
        self.leases.observeTerm { [weak relay] in relay?.termBegan() }
    }

    /// Mounts a hub at a path. The hub takes no more registrations from then on.
    ///
    /// - Returns: What transports connect clients to.
    public func mount(_ hub: Hub, at path: String) -> HubEndpoint {
        mount(hub, at: path) { _, _ in true }
    }

    /// - Parameter mayAuthenticateAnew: Whether a client that shows a newer token may go on as what it is now.
    package func mount(
        _ hub: Hub, at path: String, mayAuthenticateAnew: @escaping AuthenticationRefresh
    ) -> HubEndpoint {
        HubEndpoint(hub: hub, path: path, server: self, mayAuthenticateAnew: mayAuthenticateAnew)
    }

    /// Mounts a handler of connections in a hub's place: claims, requests at other nodes and limits are those of a hub
    /// without methods.
    ///
    /// - Parameter maximumMessageSize: The longest message of a client, in bytes.
    package func mount(
        _ handler: @escaping ClientConnectionHandler, at path: String, authorization: AuthorizationPolicy?,
        maximumMessageSize: Int, mayAuthenticateAnew: @escaping AuthenticationRefresh
    ) -> HubEndpoint {
        let hub = Hub()
        if let authorization { hub.requireAuthorization(authorization) }
        return HubEndpoint(
            hub: hub, path: path, server: self, mayAuthenticateAnew: mayAuthenticateAnew,
            clientConnections: ClientConnections(handler: handler, maximumMessageSize: maximumMessageSize))
    }

    /// Waits for graceful shutdown and then ends all connections, see ``shutdown()``.
    public func run() async throws {
        await withDiscardingTaskGroup { group in
            if ownsLeases { group.addTask { await self.leases.hold() } }
            try? await gracefulShutdown()
            await shutdown()
            group.cancelAll()
        }
    }
}
