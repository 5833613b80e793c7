import HubProtocol
import NIOConcurrencyHelpers
import NIOCore

/// The homes on this node of one hub's connections, by connection id. Those of plain WebSockets, which are all there is
/// of their connection, are not among them.
final class ConnectionHomes: Sendable {
    private let homes = NIOLockedValueBox<[String: any ConnectionHome]>([:])

    subscript(id: String) -> (any ConnectionHome)? { homes.withLockedValue { $0[id] } }

    func add(_ home: any ConnectionHome, for id: String) { homes.withLockedValue { $0[id] = home } }

    func remove(_ home: any ConnectionHome, for id: String) {
        homes.withLockedValue { homes in
            if homes[id] === home { homes[id] = nil }
        }
    }
}

extension HubEndpoint {
    /// The home of this connection, where it is on this node.
    package func home(_ id: String) -> (any ConnectionHome)? {
        homes[id] ?? roster.connection(id) ?? clientConnections?[id]
    }

    /// Makes requests for a connection find its home; call before its channel is listened to.
    package func addHome(_ home: any ConnectionHome, for id: String) { homes.add(home, for: id) }

    package func removeHome(_ home: any ConnectionHome, for id: String) { homes.remove(home, for: id) }
}

/// A WebSocket is all there is of its connection: it takes no other requests than another one's.
extension HubConnection: ConnectionHome {
    package var hubConnection: HubConnection? { self }

    package func take(_ request: HomeRequest, identity: HubIdentity, from exchange: any EdgeExchange) {
        if case .webSocket(let edge) = request {
            loop.eventLoop.execute { self.resume(over: edge, as: identity, exchange) }
        } else {
            exchange.answer(.refused(request.refusal(byTheWebSocketOf: self.request, to: identity)))
        }
    }

    package func finished(_ exchange: any EdgeExchange, delivered: Bool) {}
}

extension HomeRequest {
    /// Why a connection does not take it that is a WebSocket, of which that is all there is.
    ///
    /// - Parameter owner: The request with which the connection was made.
    func refusal(byTheWebSocketOf owner: ConnectionRequest, to identity: HubIdentity) -> HomeRefusal {
        // One of another transport is about to be gone, its home is already.
        guard owner.transport == .webSockets, owner.userID == identity.userID else { return .unknownConnection }
        return switch self {
        case .send, .room: .sendToWebSocket
        case .poll, .serverSentEvents: .otherTransport
        case .webSocket: .alreadyAttached
        case .terminate: .notTerminable
        }
    }
}
