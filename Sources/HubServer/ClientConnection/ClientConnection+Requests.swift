import NIOCore

/// A WebSocket is all there is of its connection; of the other transports an `HTTPConnection` is the home.
extension ClientConnection: ConnectionHome {
    package var hubConnection: HubConnection? { nil }

    package func take(_ request: HomeRequest, identity: HubIdentity, from exchange: any EdgeExchange) {
        exchange.answer(.refused(request.refusal(byTheWebSocketOf: self.request, to: identity)))
    }

    package func finished(_ exchange: any EdgeExchange, delivered: Bool) {}
}

extension HubEndpoint {
    func perform(_ command: ConnectionCommand, on connection: ClientConnection) async -> CommandOutcome {
        switch command {
        case .authenticate(let user, let milliseconds):
            guard await mayAuthenticateAnew(connection.user, user) else { return .refused }
            connection.authenticated(as: HubIdentity(user: user, milliseconds: milliseconds))
            return .done
        case .close(_, _, let excluded):
            if !excluded.contains(connection.id) { connection.close() }
            return .done
        case .find(let group):
            return group == nil ? .done : .notFound
        case .remove, .removeFromAllGroups:
            return .done
        case .add, .show:
            // There are no groups, and no streams of a hub's.
            return .refused
        }
    }
}
