import HubServer
import NIOCore

/// What the client sends by `POST`.
extension HTTPConnection {
    private static let sliceSize = 16 * 1024

    func receive(_ bytes: ByteBuffer, from exchange: any EdgeExchange) {
        if case .ended = state.phase { return exchange.answer(.refused(.unknownConnection)) }
        // The queue of a connection that polls to its end is not read any more.
        if state.connection == nil, case .longPolling = state.phase {
            return exchange.answer(.refused(.unknownConnection))
        }
        switch state.input.append(bytes, from: exchange) {
        case .accepted:
            deliver()
            exchange.answer(.accepted)
        case .refused:
            exchange.answer(.refused(.tooManySends))
        case .waits:
            deliver()
            exchange.hold()
            answerAccepted()
        }
    }

    /// Hands on what waits, as long as the hub's connection takes it. It is asked piece by piece, so that a large body
    /// does not pile up there while one of its methods runs.
    func deliver() {
        while state.isReading, let connection = state.connection, let bytes = state.input.next(atMost: Self.sliceSize) {
            connection.receive(bytes)
        }
    }

    private func answerAccepted() {
        for sender in state.input.takeAccepted() { sender.answer(.accepted) }
    }

    package func setReading(_ isReading: Bool) {
        state.isReading = isReading
        guard isReading, state.input.count > 0 else { return }
        // Not at once: this is called while the connection reads what it was given before.
        eventLoop.execute {
            self.deliver()
            self.answerAccepted()
        }
    }
}
