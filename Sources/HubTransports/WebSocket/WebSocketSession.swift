import HubProtocol
import HubServer
import NIOCore

/// A client's WebSocket that has taken over a connection (stateful reconnect), at its edge: bytes go to the connection's
/// home, on this node or on another one, and come from there.
///
/// It lives on the WebSocket's event loop, and begins before the WebSocket is open.
final class WebSocketSession: SessionPeer {
    private struct State {
        var home: (any SessionPeer)?
        var webSocket: WebSocketHandler?
        /// What the home said before the WebSocket was open: no more than a window.
        var early: [SessionMessage] = []
        var window = SessionWindow()
        var credit = SessionCredit()
        /// Bytes of the home's that the WebSocket has and did not yet take.
        var untaken = 0
        /// The home was told the end.
        var isOver = false
    }

    private let server: HubServer
    private let eventLoop: any EventLoop
    /// Among those that this node takes, where it is not the home.
    private let place: ConnectionPlace?
    private let state: NIOLoopBoundBox<State>

    init(server: HubServer, place: ConnectionPlace?, on eventLoop: any EventLoop) {
        self.server = server
        self.place = place
        self.eventLoop = eventLoop
        state = .makeBoxSendingValue(State(), eventLoop: eventLoop)
    }

    /// The home has taken the WebSocket that is about to open.
    func opened(at home: any SessionPeer) {
        eventLoop.execute { self.state.value.home = home }
    }

    /// The WebSocket is open. On its event loop.
    func start(on webSocket: WebSocketHandler) {
        webSocket.attach(self)
        state.value.webSocket = webSocket
        for message in state.withValue({ state in
            defer { state.early = [] }
            return state.early
        }) {
            received(message)
        }
    }

    /// There will be no WebSocket, if there is none yet: its client has left.
    func dropped() {
        eventLoop.execute {
            if self.state.value.webSocket == nil { self.end(as: .lost) }
        }
    }

    func take(_ message: SessionMessage) {
        eventLoop.execute { self.received(message) }
    }

    private func received(_ message: SessionMessage) {
        guard let webSocket = state.value.webSocket else {
            return state.withValue { if !$0.isOver { $0.early.append(message) } }
        }
        switch message {
        case .data(let bytes):
            state.value.untaken += bytes.readableBytes
            webSocket.write(bytes)
            webSocket.flush()
            if webSocket.isWritable { consumed() }
        case .consumed(let bytes):
            if state.withValue({ $0.window.consumed(bytes) }) { webSocket.setReading(true) }
        case .format(let format):
            webSocket.use(format)
        case .close(let close):
            // The home is gone, or has another socket: it may be that the client is to come again.
            if close == .abort { end(as: .lost) }
            webSocket.close(close)
        case .ended:
            break
        }
    }

    private func consumed() {
        let consumed = state.withValue { state in
            defer { state.untaken = 0 }
            return state.credit.consumed(state.untaken)
        }
        if let consumed { state.value.home?.take(.consumed(consumed)) }
    }

    private func end(as end: SessionEnd) {
        place?.release()
        state.value.isOver = true
        state.value.home.take()?.take(.ended(end))
    }
}

extension WebSocketSession: WebSocketApplication {
    func webSocketReceived(_ bytes: ByteBuffer, isText: Bool, endsMessage: Bool) {
        guard bytes.readableBytes > 0, let home = state.value.home else { return }
        home.take(.data(bytes))
        let isOpen = state.withValue { state in
            state.window.sent(bytes.readableBytes)
            return state.window.isOpen
        }
        if !isOpen { state.value.webSocket?.setReading(false) }
    }

    func webSocketBecameWritable() { consumed() }

    /// The connection's home may well stay: the client is cut off, so that it goes on with it at another node.
    func webSocketShouldQuiesce() {
        end(as: .lost)
        state.value.webSocket?.close(.abort)
        guard !server.isShuttingDown else { return }
        Task { [server] in await server.shutdown() }
    }

    func webSocketClosed(error: WebSocketError?) {
        end(as: error == .connectionLost ? .lost : .graceful)
        state.value.webSocket = nil
    }
}

/// A connection that its client may go on with on the WebSocket that it asks for. One that is dropped unused ends the
/// session.
final class WebSocketResumption: Sendable {
    private let session: WebSocketSession

    init(_ session: WebSocketSession) { self.session = session }

    deinit { session.dropped() }

    /// On the WebSocket's event loop.
    func start(on webSocket: WebSocketHandler) { session.start(on: webSocket) }
}
