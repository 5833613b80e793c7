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
        /// Whether the token may still make the connection, with the request.
        let isFresh: Bool
    }

    /// - Parameter peer: Where the request's connection comes from, be it the client's or a proxy's.
    package func target(
        of request: HTTPRequest, identity: HubIdentity, peer: String?
    ) async throws(HubRefusal) -> Target {
        let address = security.trustedProxies.client(of: request, peer: peer)
        guard let token = RequestTarget(request.path ?? "").value("id"), !token.isEmpty else { throw .idRequired }
        switch await tokens.read(token, for: audience(identity)) {
        case .usable(let id, _):
            return Target(id: id, identity: identity, address: address, isFresh: hasTransportsOfRequests)
        case .expired(let id): return Target(id: id, identity: identity, address: address, isFresh: false)
        case .unknown: throw refusalOfUnknownConnection(identity)
        }
    }

    /// `GET` of long polling: returns when there is something to answer.
    ///
    /// - Parameter onClientLeft: Is given what is to be called when the client has left before it was answered.
    package func poll(
        _ request: HTTPRequest, _ target: Target, on eventLoop: any EventLoop,
        onClientLeft: (@escaping @Sendable () -> Void) -> Void
    ) async throws(HubRefusal) -> PollResponse {
        guard transports.contains(.longPolling) else { throw .notEnabled(.longPolling) }
        let first = target.isFresh ? connectionRequest(request, target, .longPolling) : nil
        let (answer, exchange, home) = try await ask(
            .poll(first), of: target, on: eventLoop,
            makeExchange: {
                let exchange = HTTPExchange(givenUpAs: .poll(.ended))
                onClientLeft { exchange.giveUp() }
                return exchange
            })
        return try response(answer, to: exchange, from: home)
    }

    /// The same without a task that waits, where the connection is on this node.
    ///
    /// - Parameter answer: Called once, from any thread.
    package func poll(
        _ request: HTTPRequest, _ target: Target, on eventLoop: any EventLoop,
        onClientLeft: (@escaping @Sendable () -> Void) -> Void,
        answer: @escaping @Sendable (Result<PollResponse, HubRefusal>) -> Void
    ) async {
        guard transports.contains(.longPolling), let home = endpoint.home(target.id) else {
            do {
                answer(.success(try await poll(request, target, on: eventLoop, onClientLeft: onClientLeft)))
            } catch {
                answer(.failure(error))
            }
            return
        }
        let first = target.isFresh ? connectionRequest(request, target, .longPolling) : nil
        let exchange = HTTPExchange(givenUpAs: .poll(.ended))
        onClientLeft { [weak exchange] in exchange?.giveUp() }
        exchange.ask(.poll(first), identity: target.identity, of: home) { [exchange] known in
            answer(Result { () throws(HubRefusal) in try response(known, to: exchange, from: home) })
        }
    }

    private func response(
        _ answer: HomeAnswer, to exchange: HTTPExchange, from home: any ConnectionHome
    ) throws(HubRefusal) -> PollResponse {
        switch answer {
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
        let stream = EventStream()
        let first = connectionRequest(request, target, .serverSentEvents)
        switch try await ask(.serverSentEvents(first, stream), of: target, on: eventLoop).answer {
        case .opened(let home):
            stream.opened(at: home)
            return EventStreamResponse(stream)
        case .refused(let refusal): throw HubRefusal(refusal)
        case .accepted, .poll, .terminated: throw .unknownConnection
        }
    }

    /// `DELETE`.
    package func terminate(_ target: Target, on eventLoop: any EventLoop) async throws(HubRefusal) {
        let answer = try await ask(.terminate, of: target, on: eventLoop).answer
        if case .refused(let refusal) = answer { throw HubRefusal(refusal) }
    }

    /// Whether connections may be made here: a WebSocket makes its own.
    private var hasTransportsOfRequests: Bool { !transports.isDisjoint(with: [.serverSentEvents, .longPolling]) }

    private func connectionRequest(
        _ request: HTTPRequest, _ target: Target, _ transport: HubTransportType
    ) -> ConnectionRequest {
        let path = RequestTarget(request.path ?? "")
        return ConnectionRequest(
            path: String(path.path), query: path.query, headers: request.headerFields.forConnection,
            identity: target.identity, transport: transport, remoteAddress: target.address)
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
            case .unavailable: .backplaneAway
            }
    }
}
