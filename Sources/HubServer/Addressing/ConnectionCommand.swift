/// What a node asks of those that hold a connection, or those of a group or a user. Doing one twice does no harm.
enum ConnectionCommand: Sendable, Equatable {
    case add(group: String)
    case remove(group: String)
    /// The client has shown a newer token; it is good for so many milliseconds, nil for ever.
    case authenticate(ClaimsPrincipal, milliseconds: Int64?)
    case removeFromAllGroups
    case close(error: String?, allowReconnect: Bool, except: [String])
    /// Asks only whether the connection is there, and a member of a group where one is named.
    case find(inGroup: String?)
    /// A stream of the hub's was opened to the connection (``HubStreams``).
    case show(stream: String)
}

/// What came of a ``ConnectionCommand``.
package enum CommandOutcome: UInt8, Sendable {
    case done = 1
    /// There is no such connection.
    case notFound = 2
    /// The application does not want it.
    case refused = 3
}
