import NIOConcurrencyHelpers
import NIOCore

/// A request that arrived at another node, as its home here sees it.
final class RelayExchange: EdgeExchange {
    private enum State {
        case open
        case answered(RelayAnswer, at: ContinuousClock.Instant, saidAt: ContinuousClock.Instant)
        case finished
    }

    let id: RelayRequestID
    let connection: String
    let home = NIOLockedValueBox<(any ConnectionHome)?>(nil)
    private let relay: RelayHome
    private let state = NIOLockedValueBox(State.open)

    init(id: RelayRequestID, connection: String, relay: RelayHome) {
        self.id = id
        self.connection = connection
        self.relay = relay
    }

    func hold() { relay.say(.received(id.number, home: relay.node, pieces: .max), to: id.edge) }

    func answer(_ answer: HomeAnswer) {
        let said: RelayAnswer =
            switch answer {
            case .accepted: .accepted
            case .poll(let answer): .poll(answer)
            case .terminated: .terminated
            case .refused(let refusal): .refused(refusal)
            case .opened: .opened
            }
        let isFirst = state.withLockedValue { state in
            guard case .open = state else { return false }
            state = .answered(said, at: .now, saidAt: .now)
            return true
        }
        guard isFirst else { return }
        if case .opened(let peer) = answer { relay.opened(id, peer: peer) }
        relay.answered(self, isUndelivered: said.hasToBeDelivered)
        say(said)
    }

    private func say(_ answer: RelayAnswer) {
        let message = RelayMessage.answer(id.number, home: relay.node, connection: connection, answer)
        relay.say(message, to: id.edge) { [relay, id] in relay.edgeIsGone(id) }
    }

    /// The edge has asked again.
    func sayAgain() {
        switch state.withLockedValue({ $0 }) {
        case .open: hold()
        case .answered(let answer, _, _): say(answer)
        case .finished: break
        }
    }

    /// Tells the messages of a poll again whose edge is silent about them.
    ///
    /// - Returns: Whether there is still something to tell.
    func sayAgainIfDue() -> Bool {
        let (answer, isWaiting) = state.withLockedValue { state -> (RelayAnswer?, Bool) in
            guard case .answered(let answer, let answeredAt, let saidAt) = state,
                ContinuousClock.now < answeredAt + relay.times.deadline
            else { return (nil, false) }
            guard ContinuousClock.now >= saidAt + relay.times.repetition else { return (nil, true) }
            state = .answered(answer, at: answeredAt, saidAt: .now)
            return (answer, true)
        }
        if let answer { say(answer) }
        return isWaiting
    }

    /// What became of a poll: its edge says so, or is gone.
    func finished(delivered: Bool) {
        state.withLockedValue { $0 = .finished }
        home.withLockedValue { $0.take() }?.finished(self, delivered: delivered)
    }

    /// The edge's end of a session that this opens.
    func edgePeer() -> RelayPeer {
        RelayPeer { [relay, id, connection] message, count in
            relay.say(.fromHome(id.number, connection: connection, count: count, message), to: id.edge) {
                relay.edgeIsGone(id)
            }
        }
    }
}

extension RelayAnswer {
    fileprivate var hasToBeDelivered: Bool { if case .poll(.messages) = self { true } else { false } }
}
