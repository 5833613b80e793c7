package import HTTPTypes
package import HubProtocol
package import HubServer
package import NIOCore

/// The requests of clients that do not use a WebSocket (TransportProtocols.md).
///
/// In each of these, `eventLoop` is where the connection lives if this request makes it.
extension HubAccess {
    /// Which transport a `GET` asks for, in ASP.NET's order.
    package static func transport(askedBy request: HTTPRequest) -> HubTransportType {
        if request.headerFields[.accept]?.contains("text/event-stream") ?? false { return .serverSentEvents }
        return WebSocketHandshake.isAsked(by: request) ? .webSockets : .longPolling
    }

    /// The connection that a request is for; the token it shows is this hub's, and its user's.
    package struct Target: Sendable {
        let id: String
        let identity: HubIdentity
        /// Where the client is.
        let address: String?
        /// Whether the token may still make the connection.
        let isFresh: Bool
    }

    /// - Parameter peer: Where the request's connection comes from, be it the client's or a proxy's.
    package func target(
        of request: HTTPRequest, identity: HubIdentity, peer: String?
    ) async throws(HubRefusal) -> Target {
        let address = security.trustedProxies.client(of: request, peer: peer)
        guard let token = RequestTarget(request.path ?? "").value("id") else { throw .idRequired }
        switch await tokens.read(token, for: audience(identity)) {
        case .usable(let id): return Target(id: id, identity: identity, address: address, isFresh: true)
        case .expired(let id): return Target(id: id, identity: identity, address: address, isFresh: false)
        case .unknown: throw .unknownConnection
        }
    }

    /// `POST`: returns when there is room for the bytes.
    package func send(_ bytes: ByteBuffer, to target: Target, on eventLoop: any EventLoop) async throws(HubRefusal) {
        if transports.isDisjoint(with: [.serverSentEvents, .longPolling]), endpoint.home(target.id) == nil {
            throw .notEnabled(.longPolling)
        }
        let exchange = HTTPExchange()
        try await home(of: target, on: eventLoop).take(.send(bytes), identity: target.identity, from: exchange)
        if case .refused(let refusal) = await exchange.value() { throw HubRefusal(refusal) }
    }

    /// `GET` of long polling: returns when there is something to answer.
    ///
    /// - Parameter onClientLeft: Is given what is to be called when the client has left before it was answered.
    package func poll(
        _ request: HTTPRequest, _ target: Target, on eventLoop: any EventLoop,
        onClientLeft: (@escaping @Sendable () -> Void) -> Void
    ) async throws(HubRefusal) -> PollResponse {
        guard transports.contains(.longPolling) else { throw .notEnabled(.longPolling) }
        let exchange = HTTPExchange()
        let home = try await home(of: target, on: eventLoop)
        let first = target.isFresh ? connectionRequest(request, target, .longPolling) : nil
        home.take(.poll(first), identity: target.identity, from: exchange)
        onClientLeft {
            home.finished(exchange, delivered: false)
            exchange.answer(.poll(.ended))
        }
        switch await exchange.value() {
        case .poll(let answer): return PollResponse(answer, to: exchange, from: home)
        case .refused(let refusal): throw HubRefusal(refusal)
        case .accepted, .opened, .terminated: throw .unknownConnection
        }
    }

    /// `GET` of server-sent events.
    package func openEventStream(
        _ request: HTTPRequest, _ target: Target, on eventLoop: any EventLoop
    ) async throws(HubRefusal) -> EventStreamResponse {
        guard transports.contains(.serverSentEvents) else { throw .notEnabled(.serverSentEvents) }
        let exchange = HTTPExchange()
        let stream = EventStream()
        let first = connectionRequest(request, target, .serverSentEvents)
        try await home(of: target, on: eventLoop)
            .take(.serverSentEvents(first, stream), identity: target.identity, from: exchange)
        switch await exchange.value() {
        case .opened(let home):
            stream.opened(at: home)
            return EventStreamResponse(stream)
        case .refused(let refusal): throw HubRefusal(refusal)
        case .accepted, .poll, .terminated: throw .unknownConnection
        }
    }

    /// `DELETE`.
    package func terminate(_ target: Target, on eventLoop: any EventLoop) async throws(HubRefusal) {
        let exchange = HTTPExchange()
        try await home(of: target, on: eventLoop).take(.terminate, identity: target.identity, from: exchange)
        if case .refused(let refusal) = await exchange.value() { throw HubRefusal(refusal) }
    }

    private func connectionRequest(
        _ request: HTTPRequest, _ target: Target, _ transport: HubTransportType
    ) -> ConnectionRequest {
        let path = RequestTarget(request.path ?? "")
        return ConnectionRequest(
            path: String(path.path), query: path.query, headers: request.headerFields.forConnection,
            identity: target.identity, transport: transport, remoteAddress: target.address)
    }

    /// Finds the connection's home, or makes it here: nothing of an answer may leave before its channel is listened to.
    private func home(of target: Target, on eventLoop: any EventLoop) async throws(HubRefusal) -> any ConnectionHome {
        if let home = endpoint.home(target.id) { return home }
        guard target.isFresh else { throw .unknownConnection }
        guard !endpoint.server.isShuttingDown else { throw .shuttingDown }
        let place = try security.limiter?.connect(from: target.address)
        do {
            guard try await endpoint.claim(target.id, timeToLive: tokens.claimLifetime) else {
                throw HubRefusal.unknownConnection
            }
            let home = try await eventLoop.submit { [endpoint] in
                HTTPConnection(
                    id: target.id, userID: target.identity.userID, endpoint: endpoint, place: place,
                    eventLoop: eventLoop)
            }.get()
            home.listens(await endpoint.reserve(target.id))
            return home
        } catch let error as HubRefusal {
            throw error
        } catch {
            throw .backplaneAway
        }
    }
}

extension HubRefusal {
    init(_ refusal: HomeRefusal) {
        self =
            switch refusal {
            case .unknownConnection: .unknownConnection
            case .otherTransport: .otherTransport
            case .alreadyAttached: .alreadyAttached
            case .sendToWebSocket: .noSendToWebSocket
            case .notTerminable: .notTerminable
            case .tooManySends: .tooManySends
            case .shuttingDown: .shuttingDown
            }
    }
}
