import HubBackplane
import HubProtocol
import NIOCore

extension HubConnection {
    /// Invokes a method of the client and has its answer brought to whoever asks. From any thread.
    ///
    /// - Parameter timeout: After this time the answer is `canceled`.
    func ask(_ message: SharedMessage, _ number: PendingAnswers.Number, for asker: NodeID, timeout: Duration) {
        loop.eventLoop.execute { self.askNow(message, number, for: asker, timeout: timeout) }
    }

    private func askNow(_ message: SharedMessage, _ number: PendingAnswers.Number, for asker: NodeID, timeout: Duration)
    {
        func refuse(_ answer: ClientAnswer) { endpoint.bring(answer, number, to: asker) }
        guard state.machine.takesBytes else { return refuse(.disconnected) }
        guard !state.clientInvocations.contains(number, of: asker) else { return }
        guard !state.clientInvocations.isFull else { return refuse(.tooMany) }
        let id = nextClientInvocationID()
        guard let bytes = message.invocation(id: id, in: encoding) else { return refuse(.canceled) }
        let deadline = loop.eventLoop.scheduleTask(in: TimeAmount(timeout)) { _ = self.answered(id, .canceled) }
        state.clientInvocations.insert(ClientInvocation(asker: asker, number: number, deadline: deadline), id: id)
        endpoint.tellTaken(number, to: asker)
        enqueue(bytes)
    }

    /// Not one that the client has chosen for a stream of its own.
    private func nextClientInvocationID() -> String {
        let id = state.clientInvocations.nextID()
        return state.uploads?.isOpen(id) == true ? nextClientInvocationID() : id
    }

    /// The client has answered, or its time is over. An answer that was not asked for, on this connection, is ignored.
    ///
    /// - Returns: Whether it was.
    @discardableResult
    func answered(_ id: String, _ answer: ClientAnswer) -> Bool {
        guard let invocation = state.clientInvocations.remove(id) else { return false }
        invocation.deadline.cancel()
        endpoint.bring(answer, invocation.number, to: invocation.asker)
        return true
    }

    /// The client will answer nothing any more.
    func failClientInvocations() {
        for invocation in state.clientInvocations.removeAll() {
            invocation.deadline.cancel()
            endpoint.bring(.disconnected, invocation.number, to: invocation.asker)
        }
    }

    /// Lets the client's next invocations start while the method of this one waits for the client; what it was told to do may
    /// well be one of these. It does not get its place back (as in ASP.NET). From any thread.
    func releasePlace(of invocation: InvocationQueue.Number) {
        loop.eventLoop.execute {
            if let next = self.state.invocations.release(invocation) { self.start(next) }
            if !self.state.isReading { self.readMessages() }
        }
    }
}

extension SharedMessage {
    /// The one invocation that it is, to be answered under an id.
    fileprivate func invocation(id: String, in encoding: HubEncoding) -> ByteBuffer? {
        var splitter = RecordSplitter(maximumRecordSize: .max, encoding: encoding)
        splitter.feed(bytes(in: encoding))
        guard let record = (try? splitter.next()) ?? nil,
            case .invocation(var invocation) = try? encoding.parse(record)
        else { return nil }
        invocation.invocationID = id
        return HubConnection.framed(.invocation(invocation), encoding)
    }
}
