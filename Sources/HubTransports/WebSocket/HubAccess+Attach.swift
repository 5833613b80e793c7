package import HTTPTypes
import HubProtocol
package import HubServer
package import NIOCore

extension HubAccess {
    /// A client that may have its WebSocket: this node listens to the connection's channel by now.
    package struct Admission: Sendable {
        enum Kind: Sendable {
            /// The WebSocket makes the connection.
            case first(ConnectionReservation, ConnectionRequest)
            /// It takes one over that is there.
            case next(WebSocketResumption)
        }

        let kind: Kind
    }

    /// Decides about a WebSocket upgrade. Nothing of the answer may leave before this returns.
    ///
    /// - Parameters:
    ///   - peer: Where the connection comes from, be it the client's or a proxy's.
    ///   - eventLoop: Where the WebSocket will live.
    package func admit(
        _ request: HTTPRequest, identity: HubIdentity, peer: String?, on eventLoop: any EventLoop
    ) async throws(HubRefusal) -> Admission {
        guard transports.contains(.webSockets) else { throw .notEnabled(.webSockets) }
        guard !endpoint.server.isShuttingDown else { throw .shuttingDown }
        let upgrade = Upgrade(
            request: request, identity: identity, address: security.trustedProxies.client(of: request, peer: peer),
            eventLoop: eventLoop)
        guard let token = RequestTarget(request.path ?? "").value("id") else {
            // Clients that skip negotiation, and those whose token factory drops the query.
            return await first(upgrade, id: ConnectionID.random(), place: try place(upgrade))
        }
        switch await tokens.read(token, for: audience(identity)) {
        case .usable(let id, let usesStatefulReconnect):
            if let home = endpoint.home(id) { return try await next(upgrade, at: home) }
            let place = try place(upgrade)
            // Without the backplane it cannot be asked: the connection is served here, as one that nobody else knows.
            let isFirst = (try? await endpoint.claim(id, timeToLive: tokens.claimLifetime)) ?? true
            guard isFirst else { return try await next(upgrade, elsewhere: id, place: place) }
            return await first(upgrade, id: id, place: place, usesStatefulReconnect: usesStatefulReconnect)
        case .expired(let id):
            if let home = endpoint.home(id) { return try await next(upgrade, at: home) }
            return try await next(upgrade, elsewhere: id, place: try place(upgrade))
        case .unknown:
            throw refusalOfUnknownConnection(identity)
        }
    }

    private func place(_ upgrade: Upgrade) throws(HubRefusal) -> ConnectionPlace? {
        try security.limiter?.connect(from: upgrade.address)
    }

    /// A token makes one connection, at whichever node it is shown first.
    private func first(
        _ upgrade: Upgrade, id: String, place: ConnectionPlace?, usesStatefulReconnect: Bool = false
    ) async -> Admission {
        let target = RequestTarget(upgrade.request.path ?? "")
        let request = ConnectionRequest(
            path: String(target.path), query: target.query, headers: upgrade.request.headerFields.forConnection,
            identity: upgrade.identity, transport: .webSockets, usesStatefulReconnect: usesStatefulReconnect,
            remoteAddress: upgrade.address, place: place)
        return Admission(kind: .first(await endpoint.reserve(id), request))
    }

    private func next(
        _ upgrade: Upgrade, elsewhere id: String, place: ConnectionPlace?
    ) async throws(HubRefusal) -> Admission {
        try await next(upgrade, at: await endpoint.server.relay.home(of: id), place: place)
    }

    /// The connection was made before: it is for its home to say whether the client may go on with it.
    private func next(
        _ upgrade: Upgrade, at home: any ConnectionHome, place: ConnectionPlace? = nil
    ) async throws(HubRefusal) -> Admission {
        let session = WebSocketSession(server: endpoint.server, place: place, on: upgrade.eventLoop)
        switch await HTTPExchange().ask(.webSocket(session), identity: upgrade.identity, of: home) {
        case .opened(let home):
            session.opened(at: home)
            return Admission(kind: .next(WebSocketResumption(session)))
        case .refused(let refusal): throw HubRefusal(refusal)
        case .accepted, .poll, .terminated: throw .unknownConnection
        }
    }
}

/// A request for a WebSocket.
private struct Upgrade {
    let request: HTTPRequest
    let identity: HubIdentity
    /// Where the client is.
    let address: String?
    let eventLoop: any EventLoop
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
