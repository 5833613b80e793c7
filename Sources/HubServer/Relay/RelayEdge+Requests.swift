import HubBackplane
import NIOConcurrencyHelpers
import NIOCore

extension RelayEdge {
    func begin(_ number: UInt64, _ request: RelayedRequest) {
        state.withLockedValue { $0.pending[number] = request }
        change(number) { $0.machine.begin() }
        tick()
    }

    /// Tells a request's state machine something, and does what it says.
    private func change(_ number: UInt64, _ event: (inout RelayedRequest) -> RelayRequest.StateMachine.Action) {
        let (request, action) = state.withLockedValue {
            state -> (RelayedRequest?, RelayRequest.StateMachine.Action) in
            guard var request = state.pending[number] else { return (nil, .nothing) }
            let action = event(&request)
            switch action {
            case .giveUp, .endPoll: state.pending[number] = nil
            case .publish, .lookForResubscribing, .nothing: state.pending[number] = request
            }
            return (request, action)
        }
        if let request { perform(action, number, request) }
    }

    private func perform(_ action: RelayRequest.StateMachine.Action, _ number: UInt64, _ request: RelayedRequest) {
        switch action {
        case .publish(let piece): publish(piece, of: request, number)
        case .lookForResubscribing:
            Task {
                let isSomeoneResubscribing = await nodes.isSomeoneResubscribing()
                change(number) {
                    $0.machine.nobodyListens(isSomeoneResubscribing: isSomeoneResubscribing, now: $0.age)
                }
            }
        case .giveUp(let refusal):
            metrics.ended(request.kind, .refused)
            request.exchange.answer(.refused(refusal))
        case .endPoll:
            metrics.ended(request.kind, .timedOut)
            request.exchange.answer(.poll(.timedOut))
        case .nothing: break
        }
    }

    private func publish(_ piece: Int, of request: RelayedRequest, _ number: UInt64) {
        let id = RelayRequestID(edge: node, number: number)
        let message = RelayMessage.request(id, request.message(piece: piece, now: time.now))
        backplane.publish(message.bytes(), to: names.connection(request.connection)) { [weak self] result in
            self?.change(number) { request in
                switch result {
                case .success(let receivers):
                    return request.machine.published(to: receivers, now: request.age)
                case .failure:
                    request.machine.notPublished(now: request.age)
                    return .nothing
                }
            }
        }
    }

    /// Something said to this node may have been lost.
    func interrupted() {
        let (numbers, sessions) = state.withLockedValue { (Array($0.pending.keys), Array($0.sessions.keys)) }
        for number in numbers { change(number) { $0.machine.interrupted(now: $0.age) } }
        for number in sessions { endSession(number) }
    }

    /// - Returns: Whether there is something to wait for.
    func timePassed() -> Bool {
        let numbers = state.withLockedValue { state in
            state.polls.forget(at: .now)
            state.elsewhere.forget(at: .now)
            return Array(state.pending.keys)
        }
        for number in numbers { change(number) { $0.machine.timePassed(now: $0.age) } }
        unwatchIdleNodes()
        return state.withLockedValue { state in
            !state.pending.isEmpty || !state.polls.isEmpty || !watches.isEmpty || !state.elsewhere.isEmpty
        }
    }
}

// MARK: The home's word

extension RelayEdge {
    func receive(_ bytes: ByteBuffer) {
        switch RelayMessage(bytes) {
        case .received(let number, let home, let pieces):
            change(number) { request in
                request.home = home
                return request.machine.received(pieces: Int(pieces), now: request.age)
            }
            if pieces == .max { state.withLockedValue { $0.pending[number]?.exchange }?.hold() }
            watch(home)
        case .answer(let number, let home, let connection, let answer):
            answered(number, home: home, connection: connection, answer)
        case .fromHome(let number, let connection, let count, let message):
            received(message, count: count, in: number, connection: connection)
        case .request, .finished, .fromEdge, nil:
            break
        }
    }

    private func answered(_ number: UInt64, home: NodeID, connection: String, _ answer: RelayAnswer) {
        if case .poll(.messages) = answer, !takesMessages(number, connection: connection) { return }
        let request = state.withLockedValue { $0.pending.removeValue(forKey: number) }
        guard let request else { return }
        if case .refused = answer {
            metrics.ended(request.kind, .refused)
        } else {
            metrics.ended(request.kind, .answered)
        }
        switch answer {
        case .accepted: request.exchange.answer(.accepted)
        case .poll(let answer): request.exchange.answer(.poll(answer))
        case .terminated: request.exchange.answer(.terminated)
        case .refused(let refusal): request.exchange.answer(.refused(refusal))
        case .opened: open(number, request, home: home)
        }
    }

    /// - Returns: Whether the answer is to be passed on. One that comes again is told what became of it.
    private func takesMessages(_ number: UInt64, connection: String) -> Bool {
        let outcome = state.withLockedValue { state -> PollOutcome? in
            if let outcome = state.polls[number] { return outcome }
            guard state.pending[number] != nil else { return .notDelivered }
            state.polls.remember(.underWay, for: number, until: .now + times.memory)
            return nil
        }
        switch outcome {
        case nil: return true
        case .underWay: return false
        case .delivered: say(number, connection: connection, delivered: true)
        case .notDelivered: say(number, connection: connection, delivered: false)
        }
        return false
    }

    /// A poll's response was written or not, or its client has left before. The first word counts.
    func finished(_ number: UInt64, connection: String, delivered: Bool) {
        let isNews = state.withLockedValue { state in
            let left = state.pending.removeValue(forKey: number)
            if let left { metrics.ended(left.kind, .left) }
            switch (left, state.polls[number]) {
            case (_, .underWay), (_?, nil):
                state.polls.remember(
                    delivered ? .delivered : .notDelivered, for: number, until: .now + times.memory)
                return true
            case (_, .delivered), (_, .notDelivered), (nil, nil):
                return false
            }
        }
        guard isNews else { return }
        say(number, connection: connection, delivered: delivered)
        tick()
    }

    private func say(_ number: UInt64, connection: String, delivered: Bool) {
        let message = RelayMessage.finished(RelayRequestID(edge: node, number: number), delivered: delivered)
        backplane.publish(message.bytes(), to: names.connection(connection)) { _ in }
    }
}
