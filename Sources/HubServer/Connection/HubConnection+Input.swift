import HubProtocol
package import NIOCore
import Synchronization

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
        while state.machine.isOpen, hasRoom {
            do {
                guard let record = try state.splitter.next() else { break }
                try handle(try encoding.parse(record))
            } catch {
                protocolBroken(error)
            }
        }
        setReading(state.machine.isHandshaking || state.machine.isOpen && hasRoom)
    }

    /// What the client sends is taken up to the bounds of what may wait here, so that pings, cancellations, answers and items
    /// get past invocations and streams that have to wait. Beyond them it is held up.
    private var hasRoom: Bool { !state.invocations.isFull && !state.isUploadFull }

    private func setReading(_ isReading: Bool) {
        guard isReading != state.isReading, let transport = state.transport else { return }
        state.isReading = isReading
        state.timers.reading(isReading, now: loop.now)
        transport.setReading(isReading)
    }

    private func handle(_ message: HubMessage) throws(HubProtocolError) {
        if let reconnect = state.statefulReconnect, !reconnect.received(message) { return }
        switch message {
        case .invocation(let invocation):
            dispatch(invocation, asStream: false)
        case .streamInvocation(let invocation):
            dispatch(invocation, asStream: true)
        case .cancelInvocation(let id):
            state.invocations.task(of: id)?.cancel()
        case .ping:
            if state.timers.receivedPing() { loop.wake(self, at: state.timers.nextWake(limits: loop.limits)) }
        case .close(let close):
            closedByClient(close)
        case .streamItem(let item):
            if let uploads = state.uploads { state.isUploadFull = uploads.receive(item.item, for: item.invocationID) }
        case .completion(let completion):
            completed(completion)
        case .ack(let sequenceID):
            try acknowledged(sequenceID)
        case .sequence(let sequenceID):
            try sequenceBegins(at: sequenceID)
        case .unknown:
            // One of a later version.
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
        if let error = refusal(of: message, for: method, asStream: asStream) { return refuse(message, error) }
        switch state.invocations.arrived(message, for: method) {
        case .start(let invocation): start(invocation)
        case .wait: break
        case .refuse(.idInUse(let id)): refuse(message, HubErrorText.invocationIDInUse(id))
        case .refuse(.tooManyInBackground):
            let error = HubError("The client has as many streams and long-running invocations as it may have.")
            let detail = HubErrorText.Detail(error, options: endpoint.options)
            refuse(message, HubErrorText.methodFailed(message.target, detail))
        }
    }

    private func refusal(of message: InvocationMessage, for method: HubMethod, asStream: Bool) -> String? {
        guard method.isStream == asStream else {
            return asStream
                ? HubErrorText.nonStreamingMethodInvokedAsStream(message.target)
                : HubErrorText.streamingMethodInvokedWithoutStream(message.target)
        }
        guard message.streamIDs.count == method.parameters.uploads else {
            let detail = HubErrorText.Detail.streamCount(
                sent: message.streamIDs.count, expected: method.parameters.uploads)
            return HubErrorText.methodFailed(message.target, detail)
        }
        return streamIDInUse(message.streamIDs).map(HubErrorText.invocationIDInUse)
    }

    private func refuse(_ message: InvocationMessage, _ error: String) {
        if let id = message.invocationID { enqueue(completion(of: id, .error(error))) }
    }

    /// The invocation and its streams are known before it begins: a cancellation or an item may follow it at once, in
    /// the same frame.
    func start(_ invocation: Invocation) {
        let invocation = withUploads(invocation)
        if starts.withLock({ $0.add(invocation) }) { Task { beginAllDue() } }
    }

    private func beginAllDue() {
        while let invocation = starts.withLock({ $0.next() }) {
            invocation.task.begin {
                let answer = await self.perform(invocation)
                self.loop.eventLoop.execute { self.finished(invocation, answer) }
            }
        }
    }

    /// Its ids are free again before the client can have seen its answer.
    private func finished(_ invocation: Invocation, _ answer: ByteBuffer?) {
        closeUploads(of: invocation)
        if let answer { enqueue(answer) }
        if let next = state.invocations.finished(invocation.number) { start(next) }
        if !state.isReading { readMessages() }
    }
}
