import HubProtocol
import NIOCore
import Synchronization

extension HubConnection {
    private static let jsonPing = framed(.ping, .json)
    private static let messagePackPing = framed(.ping, .messagePack)

    /// Does what is due. On the event loop, when a time may have come.
    func timePassed() {
        switch state.timers.due(now: loop.now, limits: loop.limits) {
        case .nothing: break
        case .ping: sendPing()
        case .handshakeTimeout: refuseHandshake(HubErrorText.handshakeCanceled)
        case .clientTimeout: failed(HubConnectionError.clientTimeout)
        case .sendTimeout, .closeTimeout: cut(.tooSlow)
        case .authenticationEnd: close(error: nil, allowReconnect: true, transport: .normal)
        }
        guard state.transport != nil else { return }
        loop.wake(self, at: state.timers.nextWake(limits: loop.limits))
    }

    /// A client that is being sent something else, or polls, knows that the server is there.
    private func sendPing() {
        state.timers.sent(now: loop.now)
        guard request.transport != .longPolling else { return }
        switch encoding {
        case .json: state.transport?.writeNow(Self.jsonPing)
        case .messagePack: state.transport?.writeNow(Self.messagePackPing)
        }
    }

    /// The client has shown who it is, anew. From any thread.
    ///
    /// - Parameter identity: Of the same user: what sends name stays the same.
    package func authenticated(as identity: HubIdentity) {
        principal.withLock { $0 = identity.user }
        loop.eventLoop.execute { self.authenticated(until: identity.connectionEnd) }
    }

    /// On the event loop.
    func authenticated(until end: ContinuousClock.Instant?) {
        guard state.transport != nil else { return }
        state.timers.authenticated(until: end.map { loop.tick(after: max(.zero, $0 - .now)) } ?? .max)
        loop.wake(self, at: state.timers.nextWake(limits: loop.limits))
    }
}
