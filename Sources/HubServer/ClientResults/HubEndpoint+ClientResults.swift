import HubBackplane

extension HubEndpoint {
    /// Longer than any living node takes to say that it holds the connection.
    private static let takingTimeout = Duration.seconds(3)

    /// Invokes a method of one client, on whichever node it is, and waits for its answer.
    func ask(_ connectionID: String, _ message: SharedMessage, timeout: Duration) async -> ClientAnswer {
        if let connection = roster.connection(connectionID) {
            return await answers.answer { connection.ask(message, $0, for: server.node, timeout: timeout) }
        }
        let me = HubAddress.node(server.node)
        await subscriptions.retain(me)
        defer { subscriptions.release(me) }
        return await answers.answer { number in
            publish(.clientInvocation(number: number, message, timeout: timeout), to: .connection(connectionID)) {
                [answers, server] receivers in
                guard receivers == 0 else { return }
                answers.finish(number, server.backplane.isReady ? .notFound : .unavailable)
            }
            giveUp(number, after: timeout)
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
        answers.taken(number)
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
