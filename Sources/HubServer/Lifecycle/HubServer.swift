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
    package let options: HubOptions
    package let logger: Logger

    let connectionLoops: ConnectionLoops
    let population = Population()

    /// Creates a server without hubs.
    ///
    /// - Parameters:
    ///   - backplane: What carries messages to other nodes; an `InMemoryBackplane` where there is one node only.
    ///   - names: The names used on the backplane. All nodes of an application use the same.
    ///   - node: The name of this node, unique among those on the backplane.
    ///   - options: Limits and times.
    ///   - logger: Where the server logs. It logs no payloads, tokens or user ids.
    public init(
        backplane: any Backplane, names: BackplaneNames, node: NodeID = NodeID(), options: HubOptions = HubOptions(),
        logger: Logger
    ) {
        self.backplane = backplane
        self.names = names
        self.node = node
        self.options = options
        self.logger = logger
        connectionLoops = ConnectionLoops(options: options)
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

    /// Waits for graceful shutdown and then ends all connections, see ``shutdown()``.
    public func run() async throws {
        try? await gracefulShutdown()
        await shutdown()
    }
}
