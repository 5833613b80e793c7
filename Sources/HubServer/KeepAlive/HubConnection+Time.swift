import HubProtocol
import NIOCore

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
        }
        guard state.transport != nil else { return }
        loop.wake(self, at: state.timers.nextWake(limits: loop.limits))
    }

    /// A client that is being sent something else, or polls, knows that the server is there.
    private func sendPing() {
        state.timers.sent(now: loop.now)
        guard request.transport != .longPolling, state.pending.isEmpty, let transport = state.transport,
            transport.isWritable
        else { return }
        switch encoding {
        case .json: transport.write(Self.jsonPing)
        case .messagePack: transport.write(Self.messagePackPing)
        }
        transport.flush()
    }
}
