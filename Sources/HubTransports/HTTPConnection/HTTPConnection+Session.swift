import HubServer
import NIOCore

extension HTTPConnection {
    /// The stream that is the connection's transport.
    struct Session {
        /// Counts the connection's sessions: what an older one still says is dropped.
        let number: Int
        let edge: any SessionPeer
        var window = SessionWindow()
    }

    func openStream(_ exchange: any EdgeExchange, _ request: ConnectionRequest, to edge: any SessionPeer) {
        switch state.phase {
        case .unattached:
            state.timer?.cancel()
            let session = Session(number: 1, edge: edge)
            state.phase = .stream(session)
            exchange.answer(.opened(HomeSession(connection: self, number: session.number)))
            connect(request).start()
            deliver()
        case .stream:
            exchange.answer(.refused(.alreadyAttached))
        case .longPolling:
            exchange.answer(.refused(.otherTransport))
        case .ended:
            exchange.answer(.refused(.unknownConnection))
        }
    }

    fileprivate func take(_ message: SessionMessage, from number: Int) {
        guard case .stream(var session) = state.phase, session.number == number else { return }
        switch message {
        case .consumed(let bytes):
            let isOpened = session.window.consumed(bytes)
            state.phase = .stream(session)
            if isOpened { state.connection?.transportBecameWritable() }
        case .ended:
            // However an event stream ends, its client has left or was told to.
            remove()
        case .data, .close, .format:
            break
        }
    }
}

/// The home's end of a session.
private final class HomeSession: SessionPeer {
    private let connection: HTTPConnection
    private let number: Int

    init(connection: HTTPConnection, number: Int) {
        self.connection = connection
        self.number = number
    }

    func take(_ message: SessionMessage) {
        connection.eventLoop.execute { self.connection.take(message, from: self.number) }
    }
}
