import HubBackplane
import NIOConcurrencyHelpers
import NIOCore

/// Sessions whose edge is here and whose home is another node.
extension RelayEdge {
    func open(_ number: UInt64, _ request: RelayedRequest, home: NodeID) {
        guard let peer = request.peer else { return }
        let id = RelayRequestID(edge: node, number: number)
        let channel = names.connection(request.connection)
        let remote = RelayPeer { [backplane, weak self] message, count in
            backplane.publish(RelayMessage.fromEdge(id, count: count, message).bytes(), to: channel) { _ in }
            if case .ended = message { self?.forgetSession(number) }
        }
        state.withLockedValue { state in
            state.sessions[number] = RelayedSession(
                connection: request.connection, home: home, peer: peer, remote: remote)
        }
        watch(home)
        tick()
        request.exchange.answer(.opened(remote))
    }

    private func forgetSession(_ number: UInt64) {
        state.withLockedValue { _ = $0.sessions.removeValue(forKey: number) }
    }

    func received(_ message: SessionMessage, count: UInt32, in number: UInt64, connection: String) {
        let (session, received) = state.withLockedValue { state in
            let received = state.sessions[number]?.receiver.received(count)
            return (state.sessions[number], received)
        }
        switch (session, received) {
        case (let session?, .takes): session.peer.take(message)
        case (_?, .misses): endSession(number)
        case (_?, _): break
        case (nil, _):
            // The home has not heard that it is over.
            let id = RelayRequestID(edge: node, number: number)
            let message = RelayMessage.fromEdge(id, count: .max, .ended(.lost))
            backplane.publish(message.bytes(), to: names.connection(connection)) { _ in }
        }
    }

    /// Something that was said in the session is missing, or its home is gone: it ends on both sides.
    func endSession(_ number: UInt64) {
        let session = state.withLockedValue { $0.sessions.removeValue(forKey: number) }
        guard let session else { return }
        session.remote.take(.ended(.lost))
        session.peer.take(.close(.abort))
    }
}

// MARK: Nodes that die

extension RelayEdge {
    func watch(_ home: NodeID) {
        watches.watch(home) { [weak self] in self?.died(home) }
    }

    private func died(_ home: NodeID) {
        let (numbers, sessions) = state.withLockedValue { state in
            (
                state.pending.filter { $0.value.home == home }.map(\.key),
                state.sessions.filter { $0.value.home == home }.map(\.key)
            )
        }
        for number in numbers {
            let request = state.withLockedValue { $0.pending.removeValue(forKey: number) }
            request?.exchange.answer(.refused(.unknownConnection))
        }
        for number in sessions { endSession(number) }
    }

    /// This node's lease was overdue: homes may have judged it dead, and have ended their ends of its sessions then.
    func termBegan() { interrupted() }

    func unwatchIdleNodes() {
        watches.end { watched in
            let homes = state.withLockedValue { state in
                Set(state.pending.values.compactMap(\.home)).union(state.sessions.values.map(\.home))
            }
            return watched.filter { !homes.contains($0) }
        }
    }
}
