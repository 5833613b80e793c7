import HubProtocol
import NIOCore

/// From the first bytes to the first invocation (HubProtocol.md, "Overview").
extension HubConnection {
    func readHandshake() {
        let handshake: HandshakeRequest
        do {
            guard let record = try state.splitter.next() else { return }
            handshake = try HandshakeRequest.parse(record)
            guard let chosen = HubEncoding(name: handshake.protocolName),
                endpoint.options.supportedProtocols.contains(chosen.name)
            else {
                return refuseHandshake(HubErrorText.unsupportedProtocol(handshake.protocolName))
            }
            if let error = refusal(of: handshake, chosen) { return refuseHandshake(error) }
            use(chosen)
        } catch  where error.code == .messageTooLarge {
            return refuseHandshake(HubErrorText.handshakeCanceled)
        } catch {
            return refuseHandshake(HubErrorText.handshakeFailed(HubErrorText.Detail(error, options: endpoint.options)))
        }
        // An id is claimed once; but where the backplane is away, nobody could be asked.
        guard endpoint.roster.add(self) else { return refuseHandshake(HubErrorText.handshakeCanceled) }
        if request.transport == .webSockets { endpoint.removeHome(self, for: id) }
        if let presence = endpoint.presence, let user = request.userID { presence.changed(id, at: .user(user)) }
        writeHandshake(.accepted)
        agree(on: handshake)
        state.machine.handshakeAccepted()
        endpoint.server.metrics.opened(request.transport, encoding)
        state.timers.connected()
        loop.wake(self, at: state.timers.nextWake(limits: loop.limits))
        tellHub()
    }

    private func refusal(of handshake: HandshakeRequest, _ chosen: HubEncoding) -> String? {
        guard handshake.version <= HubEncoding.highestVersion else {
            return HubErrorText.unsupportedProtocolVersion(handshake.version, of: handshake.protocolName)
        }
        guard request.transport.transferFormats.contains(chosen.transferFormat) else {
            return HubErrorText.unsupportedTransferFormat(chosen.transferFormat, of: handshake.protocolName)
        }
        return nil
    }

    /// From here on both sides speak it. The answer to the handshake still is JSON, but goes out in a frame of the
    /// encoding's kind.
    private func use(_ chosen: HubEncoding) {
        encoding = chosen
        state.splitter.encoding = chosen
        state.transport?.use(chosen.transferFormat)
    }

    func refuseHandshake(_ error: String) {
        guard state.machine.isHandshaking else { return }
        writeHandshake(.rejected(error: error))
        state.endError = HubError(error)
        close(error: nil, allowReconnect: false, transport: .normal)
    }

    /// Not through the outbox: the answer must be a transport message of its own, some clients read no further in it.
    private func writeHandshake(_ response: HandshakeResponse) {
        var bytes = ByteBuffer()
        response.write(into: &bytes)
        state.transport?.write(bytes)
        state.transport?.flush()
        state.timers.sent(now: loop.now)
    }

    /// Listens where the connection is addressed, joins its user's groups, and then tells the hub. The client's messages wait
    /// until it has been told.
    private func tellHub() {
        let unconfirmed = addresses.filter { !endpoint.subscriptions.retainIfConfirmed($0) }
        let mustWait = !unconfirmed.isEmpty || request.userID != nil
        guard mustWait || endpoint.registrations.onConnected != nil || endpoint.filters != nil else {
            return opened()
        }
        state.opening = Task {
            for address in unconfirmed { await endpoint.subscriptions.retain(address) }
            await endpoint.userGroups.join(self)
            do {
                try await tellConnected()
                loop.eventLoop.execute { self.opened() }
            } catch {
                loop.eventLoop.execute { self.openingFailed(error) }
            }
        }
    }

    /// Where the connection is addressed, besides its own channel and its groups'.
    var addresses: [HubAddress] { request.userID.map { [.all, .user($0)] } ?? [.all] }

    private func opened() {
        state.opening = nil
        switch state.machine.opened() {
        case .readMessages: readMessages()
        case .disconnect: disconnect()
        case .nothing: break
        }
    }

    private func openingFailed(_ error: any Error) {
        endpoint.logFailure(of: "onConnected", error)
        state.opening = nil
        switch state.machine.openingFailed() {
        case .sendClose:
            let detail = HubErrorText.Detail(error, options: endpoint.options)
            endOutput(with: CloseMessage(error: HubErrorText.connectionClosed(detail)), transport: .normal)
        case .remove: leave()
        case .nothing: break
        }
    }
}

extension HubErrorText {
    /// The client's handshake could not be read.
    static func handshakeFailed(_ detail: Detail?) -> String {
        let text = "An unexpected error occurred during connection handshake."
        return detail.map { "\(text) \($0.typeName): \($0.message)" } ?? text
    }
}
