import HubServer
import NIOCore

extension HTTPConnection {
    /// A poll, as the state machine tells one from another.
    struct Poll: Equatable {
        let exchange: any EdgeExchange

        static func == (left: Poll, right: Poll) -> Bool { left.exchange === right.exchange }
    }

    func poll(_ exchange: any EdgeExchange, _ request: ConnectionRequest?) {
        switch state.phase {
        case .unattached:
            guard let request else { return exchange.answer(.refused(.unknownConnection)) }
            state.phase = .longPolling(LongPolling.StateMachine(limit: endpoint.options.transportMaxBufferSize))
            let connection = connect(request)
            poll { $0.poll(Poll(exchange: exchange)) }
            connection.start()
            deliver()
        case .longPolling:
            poll { $0.poll(Poll(exchange: exchange)) }
        case .stream:
            exchange.answer(.refused(.otherTransport))
        case .ended:
            exchange.answer(.refused(.unknownConnection))
        }
    }

    func terminate(_ exchange: any EdgeExchange) {
        switch state.phase {
        case .longPolling:
            exchange.answer(.terminated)
            poll { $0.terminate() }
        case .unattached, .stream:
            exchange.answer(.refused(.notTerminable))
        case .ended:
            exchange.answer(.refused(.unknownConnection))
        }
    }

    /// Tells the state machine something and does what it says; nothing where the connection does not poll.
    func poll(_ event: (inout LongPolling.StateMachine<Poll>) -> [LongPolling.StateMachine<Poll>.Action]) {
        guard case .longPolling(var machine) = state.phase else { return }
        let awaited = machine.awaited
        state.phase = .ended
        let actions = event(&machine)
        state.phase = .longPolling(machine)
        // Each poll, and each pause between two, has its own time.
        if !actions.isEmpty || machine.awaited != awaited { expect(machine.awaited) }
        for action in actions { perform(action) }
    }

    private func perform(_ action: LongPolling.StateMachine<Poll>.Action) {
        switch action {
        case .answer(let poll, let answer):
            poll.exchange.answer(.poll(answer))
        case .takeMessages(let poll):
            state.connection?.transportBecameWritable()
            // It may have been answered by that.
            if isWritable { poll.exchange.hold() }
        case .remove:
            remove()
        case .cut:
            remove(error: HubConnectionError.tooSlow)
        }
    }

    private func expect(_ awaited: LongPolling.StateMachine<Poll>.Awaited) {
        switch awaited {
        case .messages: state.timer?.schedule(after: endpoint.options.pollTimeout)
        case .poll: state.timer?.schedule(after: endpoint.options.disconnectTimeout)
        case .delivery: state.timer?.schedule(after: endpoint.options.transportSendTimeout)
        case .nothing: state.timer?.cancel()
        }
    }
}
