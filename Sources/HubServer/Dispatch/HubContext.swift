public import Logging
import Synchronization

/// What a hub method knows of the connection that invoked it.
///
/// The method runs in a task that is cancelled when the connection ends, or when the client cancels the invocation; so is the
/// task of the hub's `onConnected`. Work that outlives its invocation hears of the end by ``connectionAborted()``.
public struct HubContext: Sendable {
    /// What of the hub runs.
    package enum Occasion: Sendable {
        case connected
        /// An invocation of the connection's, by its number there.
        case invocation(UInt64)
        case disconnected
    }

    package let connection: HubConnection
    let occasion: Occasion?

    package init(connection: HubConnection, during occasion: Occasion? = nil) {
        self.connection = connection
        self.occasion = occasion
    }

    /// The connection's public id.
    public var connectionID: String { connection.id }

    /// Who the client is, where it was authenticated: as of its last request or refresh.
    public var user: ClaimsPrincipal? { connection.principal.withLock { $0 } }

    /// What names the client's user in sends. It does not change while the connection lives.
    public var userID: String? { connection.request.userID }

    /// The HTTP request with which the client connected.
    public var request: ConnectionRequest { connection.request }

    /// What the application keeps with the connection.
    public var items: HubItems { HubItems(of: connection) }

    /// Whom to send to.
    public var clients: HubCallerClients { HubCallerClients(context: self) }

    /// The hub's groups.
    public var groups: HubGroups { HubGroups(endpoint: connection.endpoint) }

    /// The hub's groups as users are members of them.
    public var userGroups: HubUserGroups { HubUserGroups(endpoint: connection.endpoint) }

    /// Who is there, on all nodes.
    public var presence: HubPresence { HubPresence(endpoint: connection.endpoint) }

    /// A logger that carries the hub's name and the connection's id.
    public var logger: Logger {
        var logger = connection.endpoint.logger
        logger[metadataKey: "connection"] = .string(connection.id)
        return logger
    }

    /// Whether the connection has ended: nothing that is sent reaches its client any more (`ConnectionAborted`). In the hub's
    /// `onDisconnected` it has.
    public var isConnectionAborted: Bool { connection.outbox.withLock { $0.hasEnded } }

    /// Returns when the connection ends, however that comes about (`ConnectionAborted`), or when the task is cancelled. One
    /// whose client may come back over another WebSocket has not ended.
    ///
    /// ```swift
    /// hub.on("Watch") { context in
    ///     let watching = Task { try await watch(for: context.clients.caller) }
    ///     Task { await context.connectionAborted(); watching.cancel() }
    /// }
    /// ```
    public func connectionAborted() async { await connection.waitForEnd() }

    /// Ends the connection; the client is told not to come back by itself.
    public func abort() { connection.abort() }
}
