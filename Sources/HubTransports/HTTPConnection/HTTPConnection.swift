package import HubServer
package import NIOCore

/// A connection whose client speaks to it in several HTTP requests, at its home: what `HttpConnectionContext` is in
/// ASP.NET.
///
/// It begins with the first request, whichever that is; the first `GET` gives it its transport and the hub's connection,
/// whose ``ConnectionTransport`` it is. It lives on one event loop.
package final class HTTPConnection: ConnectionHome, Sendable {
    let endpoint: HubEndpoint
    let id: String
    private let userID: String?
    /// Among those that this node takes, where they are counted.
    private let place: ConnectionPlace?
    private let claimLifetime: Duration
    private let beginning = ContinuousClock.now
    package let eventLoop: any EventLoop
    private let loopState: NIOLoopBound<HTTPConnectionState>

    /// Makes the home of a connection that was claimed; requests find it from now on.
    ///
    /// Call on the event loop.
    init(
        id: String, userID: String?, endpoint: HubEndpoint, place: ConnectionPlace?, claimLifetime: Duration,
        eventLoop: any EventLoop
    ) {
        self.id = id
        self.userID = userID
        self.endpoint = endpoint
        self.place = place
        self.claimLifetime = claimLifetime
        self.eventLoop = eventLoop
        loopState = NIOLoopBound(HTTPConnectionState(options: endpoint.options), eventLoop: eventLoop)
        let timer = endpoint.server.timer(on: eventLoop) { [weak self] in self?.timePassed() }
        timer.schedule(after: endpoint.options.disconnectTimeout)
        state.timer = timer
        endpoint.addHome(self, for: id)
    }

    /// On the event loop only.
    var state: HTTPConnectionState { loopState.value }

    /// The connection's channel is listened to, for as long as this lives.
    func listens(_ reservation: ConnectionReservation) {
        eventLoop.execute {
            if case .ended = self.state.phase { return reservation.release() }
            self.state.reservation = reservation
        }
    }

    package var hubConnection: HubConnection? {
        get async { try? await eventLoop.submit { self.state.connection as? HubConnection }.get() }
    }

    package func take(_ request: HomeRequest, identity: HubIdentity, from exchange: any EdgeExchange) {
        eventLoop.execute {
            guard identity.userID == self.userID else { return exchange.answer(.refused(.unknownConnection)) }
            switch request {
            case .send(let bytes): self.receive(bytes, from: exchange)
            case .room: self.makeRoom(for: exchange)
            case .poll(let request):
                // Each poll is authenticated anew, and its user may show a newer token.
                if identity.user != nil { self.state.connection?.authenticated(as: identity) }
                self.poll(exchange, request)
            case .serverSentEvents(let request, let edge): self.openStream(exchange, request, to: edge)
            case .webSocket:
                if case .ended = self.state.phase { return exchange.answer(.refused(.unknownConnection)) }
                exchange.answer(.refused(.otherTransport))
            case .terminate: self.terminate(exchange)
            }
        }
    }

    package func finished(_ exchange: any EdgeExchange, delivered: Bool) {
        eventLoop.execute {
            if !delivered { self.state.input.withdraw { $0 === exchange } }
            self.poll { $0.finished(Poll(exchange: exchange), delivered: delivered) }
        }
    }
}

// MARK: On the event loop

extension HTTPConnection {
    /// Makes the hub's side.
    func connect(_ request: ConnectionRequest) -> any ConnectionApplication {
        let reservation = ConnectionReservation(heldByHomeOf: id)
        let connection = endpoint.application(reservation, request: request, transport: self)
        state.connection = connection
        return connection
    }

    private func timePassed() {
        switch state.phase {
        case .unattached: remove()
        case .longPolling: poll { $0.timePassed() }
        case .stream, .ended: break
        }
    }

    /// The hub's connection loses its transport.
    func disconnect(error: (any Error)? = nil) {
        state.connection.take()?.transportClosed(error: error)
        for sender in state.input.clear() { sender.answer(.refused(.unknownConnection)) }
    }

    /// Nothing more can come of the connection.
    func remove(error: (any Error)? = nil) {
        state.phase = .ended
        state.timer?.cancel()
        state.timer = nil
        endpoint.removeHome(self, for: id)
        // Else whoever asks for it now would wait for it to be made.
        if .now - beginning < claimLifetime { endpoint.endClaim(of: id, timeToLive: claimLifetime) }
        state.reservation.take()?.release()
        place?.release()
        disconnect(error: error)
    }
}

/// What of an ``HTTPConnection`` belongs to its event loop.
final class HTTPConnectionState {
    enum Phase {
        /// No `GET` has come.
        case unattached
        case longPolling(LongPolling.StateMachine<HTTPConnection.Poll>)
        case stream(HTTPConnection.Session)
        case ended
    }

    var phase = Phase.unattached
    /// From the first `GET` until the hub's connection has lost its transport.
    var connection: (any ConnectionApplication)?
    var reservation: ConnectionReservation?
    var input: InputQueue<any EdgeExchange>
    /// Whether the hub's connection takes bytes.
    var isReading = true
    var timer: LoopTimer?

    init(options: HubOptions) { input = InputQueue(limit: options.applicationMaxBufferSize) }
}

@available(*, unavailable)
extension HTTPConnectionState: Sendable {}
