import NIOConcurrencyHelpers

/// The connections at a path that are no hub's: who serves them, and those that are on this node.
package final class ClientConnections: Sendable {
    package let handler: ClientConnectionHandler
    /// In bytes; a client that sends a longer message loses its connection.
    let maximumMessageSize: Int
    private let connections = NIOLockedValueBox<[String: ClientConnection]>([:])

    init(handler: @escaping ClientConnectionHandler, maximumMessageSize: Int) {
        precondition(maximumMessageSize > 0, "maximumMessageSize must be at least 1")
        self.handler = handler
        self.maximumMessageSize = maximumMessageSize
    }

    subscript(id: String) -> ClientConnection? { connections.withLockedValue { $0[id] } }

    /// Those of an address; there are no groups.
    func connections(at address: HubAddress) -> [ClientConnection] {
        connections.withLockedValue { connections in
            switch address {
            case .all: Array(connections.values)
            case .connection(let id): connections[id].map { [$0] } ?? []
            case .user(let id): connections.values.filter { $0.userID == id }
            case .group, .node: []
            }
        }
    }

    func add(_ connection: ClientConnection) { connections.withLockedValue { $0[connection.id] = connection } }

    func remove(_ connection: ClientConnection) {
        connections.withLockedValue { connections in
            if connections[connection.id] === connection { connections[connection.id] = nil }
        }
    }
}
