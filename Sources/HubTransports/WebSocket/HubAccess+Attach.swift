package import HTTPTypes
import HubProtocol
package import HubServer

extension HubAccess {
    /// A client that may have its WebSocket: this node listens to the connection's channel by now.
    package struct Admission: Sendable {
        let reservation: ConnectionReservation
        let request: ConnectionRequest
    }

    /// Decides about a WebSocket upgrade. Nothing of the answer may leave before this returns.
    ///
    /// - Parameter peer: Where the connection comes from, be it the client's or a proxy's.
    package func admit(
        _ request: HTTPRequest, identity: HubIdentity, peer: String?
    ) async throws(HubRefusal) -> Admission {
        guard transports.contains(.webSockets) else { throw .notEnabled(.webSockets) }
        guard !endpoint.server.isShuttingDown else { throw .shuttingDown }
        let address = security.trustedProxies.client(of: request, peer: peer)
        let place = try security.limiter?.connect(from: address)
        let target = RequestTarget(request.path ?? "")
        let id: String
        if let token = target.value("id") {
            id = try await claim(token, identity: identity)
        } else {
            // Clients that skip negotiation, and those whose token factory drops the query.
            id = ConnectionID.random()
        }
        return Admission(
            reservation: await endpoint.reserve(id),
            request: ConnectionRequest(
                path: String(target.path), query: target.query, headers: request.headerFields.forConnection,
                identity: identity, transport: .webSockets, remoteAddress: address, place: place))
    }

    /// A token makes one connection, at whichever node it is shown first.
    private func claim(_ token: String, identity: HubIdentity) async throws(HubRefusal) -> String {
        switch await tokens.read(token, for: audience(identity)) {
        case .usable(let id):
            if let home = endpoint.home(id) { throw refusal(by: home) }
            // Without the backplane it cannot be asked: the connection is served here, as one that nobody else knows.
            let isFirst = (try? await endpoint.claim(id, timeToLive: tokens.claimLifetime)) ?? true
            guard isFirst else { throw refusalOfRepeat(id) }
            return id
        case .expired(let id):
            throw refusalOfRepeat(id)
        case .unknown:
            throw .unknownConnection
        }
    }

    private func refusalOfRepeat(_ id: String) -> HubRefusal {
        endpoint.home(id).map(refusal) ?? .unknownConnection
    }

    private func refusal(by home: any ConnectionHome) -> HubRefusal {
        home is HubConnection ? .alreadyAttached : .otherTransport
    }
}

extension HTTPFields {
    /// Without those that only the upgrade was about: a connection keeps its headers for as long as it lives.
    var forConnection: [(name: String, value: String)] {
        compactMap { field in
            let name = field.name.canonicalName
            guard name != "connection", name != "upgrade", !name.hasPrefix("sec-websocket-") else { return nil }
            return (field.name.rawName, field.value)
        }
    }
}
