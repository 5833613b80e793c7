import HubServer
import NIOCore

/// What the client sends by `POST`.
extension HTTPConnection {
    private static let sliceSize = 16 * 1024

    func receive(_ bytes: ByteBuffer, from exchange: any EdgeExchange) {
        guard takesInput else { return exchange.answer(.refused(.unknownConnection)) }
        let isAccepted = state.input.append(bytes, from: exchange)
        deliver()
        if isAccepted { exchange.answer(.accepted) } else { holdIfItWaits(exchange) }
    }

    /// Of a large body nothing is read before the connection has its transport.
    func makeRoom(for exchange: any EdgeExchange) {
        guard takesInput else { return exchange.answer(.refused(.unknownConnection)) }
        state.input.awaitRoom(exchange)
        deliver()
        holdIfItWaits(exchange)
    }

    private func holdIfItWaits(_ exchange: any EdgeExchange) {
        if state.input.lastWaiting === exchange { exchange.hold() }
    }

    private var takesInput: Bool {
        switch state.phase {
        case .unattached, .stream: true
        // The queue of a connection that polls to its end is not read any more.
        case .longPolling: state.connection != nil
        case .ended: false
        }
    }

    /// Hands on what waits, as long as the hub's connection takes it. It is asked piece by piece, so that a large body
    /// does not pile up there while one of its methods runs.
    func deliver() {
        guard state.connection != nil else { return }
        while state.isReading, let connection = state.connection, let bytes = state.input.next(atMost: Self.sliceSize) {
            connection.receive(bytes)
        }
        for sender in state.input.takeAccepted() { sender.answer(.accepted) }
    }

    package func setReading(_ isReading: Bool) {
        state.isReading = isReading
        guard isReading, state.input.count > 0 else { return }
        // Not at once: this is called while the connection reads what it was given before.
        eventLoop.execute { self.deliver() }
    }
}
