import HubBackplane

extension HubEndpoint {
    /// Longer than any living node takes to say that it holds the connection.
    private static let takingTimeout = Duration.seconds(3)
    /// Longer than anybody means to wait, and short enough to be counted in nanoseconds.
    private static let longestTimeout = Duration.seconds(24 * 60 * 60)

    /// Invokes a method of one client, on whichever node it is, and waits for its answer.
    func ask(_ connectionID: String, _ message: SharedMessage, timeout: Duration) async -> ClientAnswer {
        let timeout = min(timeout, Self.longestTimeout)
        if let connection = roster.connection(connectionID) {
            return await answers.answer { connection.ask(message, $0, for: server.node, timeout: timeout) }
        }
        let me = HubAddress.node(server.node)
        await subscriptions.retain(me)
        defer { subscriptions.release(me) }
        return await answers.answer { number in
            send(.clientInvocation(number: number, message, timeout: timeout), number, to: connectionID)
            giveUp(number, after: timeout)
        }
    }

    /// Nobody may listen although the connection is there, while its node subscribes to its channels again; its lease says so
    /// then, and it is sent again, until the answer is given up.
    private func send(_ body: Envelope.Body, _ number: PendingAnswers.Number, to connectionID: String) {
        publish(body, to: .connection(connectionID)) { [self] receivers in
            guard receivers == 0 else { return }
            guard server.backplane.isReady else { return answers.finish(number, .unavailable) }
            let looking = Task {
                guard await server.leases.isSomeoneResubscribing() else { return answers.finish(number, .notFound) }
                try await Task.sleep(for: .milliseconds(100))
                send(body, number, to: connectionID)
            }
            answers.onFinish(number) { looking.cancel() }
        }
    }

    /// The node that holds the connection ends the waiting itself, unless it is gone or its words are lost.
    private func giveUp(_ number: PendingAnswers.Number, after timeout: Duration) {
        let waiting = Task { [answers] in
            try await Task.sleep(for: Self.takingTimeout)
            answers.finishUnlessTaken(number, .notFound)
            try await Task.sleep(for: timeout)
            answers.finish(number, .canceled)
        }
        answers.onFinish(number) { waiting.cancel() }
    }

    /// Does what another node asks.
    func take(
        _ number: PendingAnswers.Number, _ message: SharedMessage, timeout: Duration, for asker: NodeID,
        _ connectionID: String
    ) {
        guard let connection = roster.connection(connectionID) else { return bring(.notFound, number, to: asker) }
        connection.ask(message, number, for: asker, timeout: timeout)
    }

    /// The node that asks the client; when it dies there is no answer.
    func taken(_ number: PendingAnswers.Number, by node: NodeID) {
        guard answers.taken(number) else { return }
        let watch = server.leases.watch(node) { [answers] in answers.finish(number, .disconnected) }
        answers.onFinish(number) { watch.cancel() }
    }

    func tellTaken(_ number: PendingAnswers.Number, to asker: NodeID) {
        if asker != server.node { publish(.clientInvocationTaken(number: number), to: .node(asker)) }
    }

    func bring(_ answer: ClientAnswer, _ number: PendingAnswers.Number, to asker: NodeID) {
        if asker == server.node {
            answers.finish(number, answer)
        } else {
            publish(.clientAnswer(number: number, answer), to: .node(asker))
        }
    }
}
