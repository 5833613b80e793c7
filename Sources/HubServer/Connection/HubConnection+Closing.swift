import HubProtocol
import Logging
import NIOCore
import Synchronization

/// The end, on the event loop.
extension HubConnection {
    func close(error: String?, allowReconnect: Bool, transport: TransportClose) {
        switch state.machine.close() {
        case .sendClose:
            endOutput(with: CloseMessage(error: error, allowReconnect: allowReconnect), transport: transport)
        case .closeTransport:
            endOutput(with: nil, transport: transport)
        case .nothing:
            break
        }
    }

    /// Whether nothing is under way that the client waits for, or does not know to be over.
    var isIdle: Bool { state.machine.takesBytes && state.invocations.isEmpty }

    func protocolBroken(_ error: HubProtocolError) {
        endpoint.logger.debug("A client broke the protocol", metadata: ["error": "\(error)"])
        failed(error)
    }

    /// Ends the connection with an error that lets the client reconnect.
    func failed(_ error: any Error) {
        state.endError = error
        let text = HubErrorText.connectionClosed(HubErrorText.Detail(error, options: endpoint.options))
        close(error: text, allowReconnect: true, transport: .normal)
    }

    /// The client has said the end: nothing is said any more.
    func closedByClient(_ close: CloseMessage) {
        state.endError = close.error.map { HubError($0) }
        if case .sendClose = state.machine.close() { endOutput(with: nil, transport: .normal) }
    }

    /// Cuts a connection whose client does not take what it is sent.
    func cut(_ error: HubConnectionError) {
        if state.machine.takesBytes { state.endError = error }
        _ = state.machine.close()
        endTasks()
        endOutbox()
        state.timers.closing(until: loop.now.adding(loop.limits.close))
        state.transport?.close(.abort)
    }

    /// Nothing is taken for the client any more; what waits is sent, then the message, then the transport closes.
    func endOutput(with message: CloseMessage?, transport: TransportClose) {
        endTasks()
        // A client that polls is told with its next poll, for which it has its time.
        let hasItsTime = state.transport?.timesItsWrites ?? false
        state.timers.closing(until: hasItsTime ? .max : loop.now.adding(loop.limits.close))
        loop.wake(self, at: state.timers.nextWake(limits: loop.limits))
        endTaking()
        // A client that knows of stateful reconnect would go on with a connection that is told its end; one that is away is
        // told nothing.
        if state.statefulReconnect?.end() == false { return transportClosed(error: nil) }
        if let message {
            state.pending.append(.message(framed(.close(message))))
        }
        state.transportClose = transport
        drainOutbox()
    }

    /// The transport has closed, whoever closed it. Called once, on the event loop.
    ///
    /// - Parameter error: Why, nil for in good order.
    package func transportClosed(error: (any Error)?) {
        guard state.transport != nil else { return }
        if state.machine.takesBytes, let error { state.endError = error }
        _ = state.statefulReconnect?.end()
        state.statefulReconnect = nil
        state.transport = nil
        loop.forget(self)
        endTasks()
        endOutbox()
        if state.machine.hasShakenHands {
            let reason = ConnectionMetrics.EndReason(
                state.endError, isShuttingDown: endpoint.server.isShuttingDown)
            endpoint.server.metrics.ended(request.transport, encoding, reason)
        }
        switch state.machine.transportClosed() {
        case .disconnect: disconnect()
        case .remove: leave()
        case .waitForOpening, .nothing: break
        }
    }

    private func endTasks() {
        state.opening?.cancel()
        for task in state.invocations.removeAll() { task.cancel() }
        state.uploads?.failAll(CancellationError())
        failClientInvocations()
    }

    private func endTaking() {
        let (waiters, blocked) = outbox.withLock { outbox in
            outbox.take(into: &state.pending)
            return (outbox.end(), outbox.takeBlockedBytes())
        }
        countBlocked(bytes: blocked)
        for waiter in waiters { waiter.resume() }
    }

    private func endOutbox() {
        endTaking()
        var unsent = state.pending.removeAll()
        while let item = unsent.popFirst() {
            if case .source(let source) = item { source.connectionEnded() }
        }
    }

    /// Tells the hub, while the connection still is in its groups.
    func disconnect() {
        guard endpoint.registrations.onDisconnected != nil || endpoint.filters != nil else { return leave() }
        let error = state.endError
        Task {
            do {
                try await tellDisconnected(error)
            } catch {
                endpoint.logFailure(of: "onDisconnected", error)
            }
            leave()
        }
    }

    /// From any thread.
    func leave() {
        endpoint.remove(self)
        reservation.release()
        request.place?.release()
        endpoint.server.population.left()
    }
}

extension HubEndpoint {
    fileprivate func remove(_ connection: HubConnection) {
        guard let groups = roster.remove(connection) else { return removeHome(connection, for: connection.id) }
        let addresses = groups.map { .group($0) } + connection.addresses
        for address in addresses {
            subscriptions.release(address)
            presence?.changed(connection.id, at: address)
        }
    }
}
