import DequeModule
import HubProtocol
import NIOCore

/// A WebSocket that is a session: the home's end of it, and the transport of its connection.
///
/// The WebSocket itself is on whichever node, or event loop of this one, the client has opened it.
final class SessionTransport: ReplaceableTransport, SessionPeer {
    private struct State {
        /// Nil when the session is over.
        weak var connection: HubConnection?
        var window = SessionWindow()
        var credit = SessionCredit()
        var isReading = true
        /// What came while the connection does not read: no more than a window.
        var unread: Deque<ByteBuffer> = []
    }

    let eventLoop: any EventLoop
    private let edge: any SessionPeer
    private let state: NIOLoopBoundBox<State>

    /// Call on the connection's event loop.
    init(of connection: HubConnection, edge: any SessionPeer) {
        eventLoop = connection.loop.eventLoop
        self.edge = edge
        state = NIOLoopBoundBox(State(connection: connection), eventLoop: eventLoop)
    }
}

// MARK: What the edge says

extension SessionTransport {
    func take(_ message: SessionMessage) {
        eventLoop.execute { self.received(message) }
    }

    private func received(_ message: SessionMessage) {
        guard let connection = state.value.connection else { return }
        switch message {
        case .data(let bytes):
            state.withValue { $0.unread.append(bytes) }
            deliver()
        case .consumed(let bytes):
            if state.withValue({ $0.window.consumed(bytes) }) { connection.transportBecameWritable() }
        case .ended(let end):
            self.end(as: end, connection)
        case .close, .format:
            break
        }
    }

    private func end(as end: SessionEnd, _ connection: HubConnection) {
        state.value.connection = nil
        switch end {
        case .graceful: connection.transportClosed(error: nil)
        case .lost: connection.transportLost(error: HubConnectionError.transportLost)
        }
    }

    private func deliver() {
        while state.value.isReading, let connection = state.value.connection,
            let bytes = state.withValue({ $0.unread.popFirst() })
        {
            let consumed = state.withValue { $0.credit.consumed(bytes.readableBytes) }
            if let consumed { edge.take(.consumed(consumed)) }
            connection.receive(bytes)
        }
    }
}

// MARK: What the connection says

extension SessionTransport {
    func use(_ format: TransferFormat) {
        if format != .text { edge.take(.format(format)) }
    }

    var isWritable: Bool { state.value.connection != nil && state.value.window.isOpen }

    func write(_ messages: consuming ByteBuffer) {
        let size = messages.readableBytes
        state.withValue { $0.window.sent(size) }
        edge.take(.data(messages))
    }

    func flush() {}

    func setReading(_ isReading: Bool) {
        state.value.isReading = isReading
        guard isReading, !state.value.unread.isEmpty else { return }
        // Not at once: this is called while the connection reads what it was given before.
        eventLoop.execute { self.deliver() }
    }

    func close(_ close: TransportClose) {
        guard let connection = state.value.connection else { return }
        edge.take(.close(close))
        // Whether the edge has something to say of it or not.
        if close == .abort { eventLoop.execute { self.end(as: .graceful, connection) } }
    }

    func abandon() {
        state.value.connection = nil
        edge.take(.close(.abort))
    }
}
