import HubProtocol
package import NIOCore

extension HubConnection {
    /// Takes bytes from the client, cut anywhere. On the event loop.
    package func receive(_ bytes: ByteBuffer) {
        guard state.machine.takesBytes else { return }
        state.timers.received(now: loop.now)
        state.splitter.feed(bytes)
        readMessages()
    }

    /// Reads as many messages as can be dealt with now; the transport is not read from while more wait.
    func readMessages() {
        if state.machine.isHandshaking { readHandshake() }
        while state.machine.isOpen, !state.invocations.isFull {
            do {
                guard let record = try state.splitter.next() else { break }
                handle(try encoding.parse(record))
            } catch {
                protocolBroken(error)
            }
        }
        setReading(state.machine.isHandshaking || state.machine.isOpen && !state.invocations.isFull)
    }

    private func setReading(_ isReading: Bool) {
        guard isReading != state.isReading, let transport = state.transport else { return }
        state.isReading = isReading
        state.timers.reading(isReading, now: loop.now)
        transport.setReading(isReading)
    }

    private func handle(_ message: HubMessage) {
        switch message {
        case .invocation(let invocation):
            dispatch(invocation, asStream: false)
        case .streamInvocation(let invocation):
            dispatch(invocation, asStream: true)
        case .cancelInvocation(let id):
            state.invocations.cancel(id)?.cancel()
        case .ping:
            if state.timers.receivedPing() { loop.wake(self, at: state.timers.nextWake(limits: loop.limits)) }
        case .close(let close):
            closedByClient(close)
        case .streamItem, .completion, .ack, .sequence, .unknown:
            // Nothing was asked that these could answer; unknown types are those of later versions.
            break
        }
    }
}

// MARK: Invocations

extension HubConnection {
    private func dispatch(_ message: InvocationMessage, asStream: Bool) {
        guard let method = endpoint.registrations.methods[message.target.lowercased()] else {
            return refuse(message, HubErrorText.unknownMethod(message.target))
        }
        guard method.isStream == asStream else {
            return refuse(
                message,
                asStream
                    ? HubErrorText.nonStreamingMethodInvokedAsStream(message.target)
                    : HubErrorText.streamingMethodInvokedWithoutStream(message.target))
        }
        guard message.streamIDs.isEmpty else {
            let detail = HubErrorText.Detail.streamCount(sent: message.streamIDs.count, expected: 0)
            return refuse(message, HubErrorText.methodFailed(message.target, detail))
        }
        switch state.invocations.arrived(message, for: method) {
        case .start(let invocation): start(invocation)
        case .wait: break
        case .refuse(.idInUse(let id)): refuse(message, HubErrorText.invocationIDInUse(id))
        case .refuse(.tooManyStreams):
            let error = HubError("The client has as many streams as it may have.")
            let detail = HubErrorText.Detail(error, options: endpoint.options)
            refuse(message, HubErrorText.methodFailed(message.target, detail))
        }
    }

    private func refuse(_ message: InvocationMessage, _ error: String) {
        if let id = message.invocationID { complete(id, .error(error)) }
    }

    /// The invocation is known before its task begins: a cancellation may follow it at once, in the same frame.
    private func start(_ invocation: Invocation) {
        let task = Task {
            await perform(invocation)
            loop.eventLoop.execute { self.finished(invocation) }
        }
        if invocation.isCancelled { task.cancel() }
        state.invocations.started(invocation.number, as: task)
    }

    private func finished(_ invocation: Invocation) {
        if let next = state.invocations.finished(invocation.number) { start(next) }
        if !state.isReading { readMessages() }
    }
}
