import HubBackplane
import NIOConcurrencyHelpers

/// Sessions whose home is here and whose edge is another node.
extension RelayHome {
    func opened(_ id: RelayRequestID, peer: any SessionPeer) {
        state.withLockedValue { $0.sessions[id] = Session(peer: peer) }
    }

    func received(_ message: SessionMessage, count: UInt32, in id: RelayRequestID, of connection: String) {
        if case .ended = message {
            let session = state.withLockedValue { $0.sessions.removeValue(forKey: id) }
            session?.peer.take(message)
            return
        }
        let (session, received) = state.withLockedValue { state in
            let received = state.sessions[id]?.receiver.received(count)
            return (state.sessions[id], received)
        }
        switch received {
        case .takes: session?.peer.take(message)
        case .misses: edgeIsGone(id)
        case .ignores: break
        case nil:
            // The edge has not heard that it is over; or it has heard late, when it was told again, that it was opened.
            say(.fromHome(id.number, connection: connection, count: .max, .close(.abort)), to: id.edge)
        }
    }

    /// The edge of a request cannot be reached, or what it said is missing: a poll was not delivered, a session is lost.
    func edgeIsGone(_ id: RelayRequestID) {
        finished(id, delivered: false)
        let session = state.withLockedValue { $0.sessions.removeValue(forKey: id) }
        session?.peer.take(.ended(.lost))
    }
}

// MARK: Nodes that die

extension RelayHome {
    func watch(_ edge: NodeID) {
        watches.watch(edge) { [weak self] in self?.died(edge) }
    }

    private func died(_ edge: NodeID) { endExchanges { $0.edge == edge } }

    /// This node's lease was overdue: edges may have judged it dead, and have answered their clients so. What waited
    /// through that is not done.
    func termBegan() { endExchanges { _ in true } }

    private func endExchanges(where matches: (RelayRequestID) -> Bool) {
        let ids = state.withLockedValue { state in
            Set(state.requests.keys).union(state.undelivered.keys).union(state.sessions.keys).filter(matches)
        }
        for id in ids { edgeIsGone(id) }
    }

    func unwatchAll() {
        watches.end { watched in state.withLockedValue { $0.isIdle } ? watched : [] }
    }
}
