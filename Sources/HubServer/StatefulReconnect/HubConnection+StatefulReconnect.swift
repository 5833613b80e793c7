import HubProtocol
import NIOCore

/// A connection that goes on over another WebSocket, on the event loop.
extension HubConnection {
    /// The client's handshake was accepted: where both sides have agreed on stateful reconnect, it is on from here.
    func agree(on handshake: HandshakeRequest) {
        guard handshake.version >= HubEncoding.statefulReconnectVersion, request.usesStatefulReconnect,
            let socket = state.transport as? any ReplaceableTransport
        else { return }
        let reconnect = StatefulReconnect(of: self, over: socket)
        state.statefulReconnect = reconnect
        state.transport = reconnect
    }

    /// The way to the client is gone and neither side has said why: where the client may come back, the connection lives
    /// on without it.
    ///
    /// - Parameter error: What the connection ends with if the client does not.
    package func transportLost(error: any Error) {
        guard let reconnect = state.statefulReconnect, reconnect.lost(error) else {
            return transportClosed(error: error)
        }
        state.timers.unblocked()
    }

    /// A WebSocket shows the id of this connection.
    ///
    /// - Parameter edge: The WebSocket, at whichever node it arrived.
    func resume(over edge: any SessionPeer, as identity: HubIdentity, _ exchange: any EdgeExchange) {
        // One that has ended may still be in the lists, while the hub is told.
        guard request.transport == .webSockets, request.userID == identity.userID, state.transport != nil else {
            return exchange.answer(.refused(.unknownConnection))
        }
        guard let reconnect = state.statefulReconnect else { return exchange.answer(.refused(.alreadyAttached)) }
        guard reconnect.isResumable else { return exchange.answer(.refused(.unknownConnection)) }
        let socket = SessionTransport(of: self, edge: edge)
        exchange.answer(.opened(socket))
        if identity.user != nil { authenticated(as: identity) }
        // What was not read of the old socket, and the message that it was cut in, come again.
        state.splitter.reset()
        state.timers.received(now: loop.now)
        state.timers.unblocked()
        reconnect.attach(socket, isReading: state.isReading)
        replay()
        drainOutbox()
    }

    /// Writes again what the client has not acknowledged, as far as its new socket takes it. What that does not take is due
    /// as any other message is.
    func replay() {
        guard let reconnect = state.statefulReconnect, reconnect.isReplaying else { return }
        reconnect.replay()
        if reconnect.isReplaying, state.timers.blocked(now: loop.now) {
            loop.wake(self, at: state.timers.nextWake(limits: loop.limits))
        }
    }

    func acknowledged(_ id: Int64) throws(HubProtocolError) {
        guard let reconnect = state.statefulReconnect else { return }
        try reconnect.acknowledged(id)
        drainOutbox()
    }

    func sequenceBegins(at id: Int64) throws(HubProtocolError) {
        try state.statefulReconnect?.sequenceBegins(at: id)
    }
}
