import HubServer
import NIOCore
import NIOWebSocket

extension WebSocketHandler {
    /// The life of a WebSocket from its first frame to the end of its channel (RFC 6455, section 7; for SignalR's part
    /// of it see TransportProtocols.md, "WebSockets").
    struct StateMachine {
        private enum State {
            case open
            /// Our close frame is on its way; the client's is awaited.
            case closing
            /// The end was said and nothing more is read: what is left is that the channel closes.
            case ended(WebSocketError?)
        }

        private var state = State.open

        /// Whether messages may be sent.
        var isOpen: Bool {
            if case .open = state { true } else { false }
        }

        enum ReceiveAction: Equatable {
            case deliver(ByteBuffer, isText: Bool, endsMessage: Bool)
            case pong(ByteBuffer)
            /// Send a close frame, then close the channel.
            case answerClose(WebSocketErrorCode)
            /// Send a close frame, and close the channel once the client is gone: closing at once would reset the
            /// connection, since bytes of the client are unread, and take the close frame away with it.
            case fail(WebSocketErrorCode)
            case disconnect
            case ignore
        }

        mutating func received(_ event: WebSocketReader.Event) -> ReceiveAction {
            switch (state, event) {
            case (.open, .data(let bytes, let isText, let endsMessage)):
                return .deliver(bytes, isText: isText, endsMessage: endsMessage)
            case (.open, .ping(let payload)):
                return .pong(payload)
            case (.open, .close(let code)):
                state = .ended(nil)
                // An empty close frame answered in kind reads as 1005 at the client, which is an error there.
                return .answerClose(code ?? .normalClosure)
            case (.open, .violation(let code)):
                state = .ended(.protocolViolation(code))
                return .fail(code)
            case (.closing, .close), (.closing, .violation):
                state = .ended(nil)
                return .disconnect
            case (.open, .pong), (.closing, .data), (.closing, .ping), (.closing, .pong), (.ended, _):
                return .ignore
            }
        }

        enum CloseAction: Equatable {
            case sendClose(WebSocketErrorCode)
            case disconnect
            case ignore
        }

        mutating func close(_ close: TransportClose) -> CloseAction {
            switch (state, close) {
            case (.open, .normal):
                state = .closing
                return .sendClose(.normalClosure)
            case (.open, .goingAway):
                state = .closing
                return .sendClose(.goingAway)
            case (.open, .failed):
                state = .closing
                return .sendClose(.unexpectedServerError)
            case (.open, .messageTooBig):
                state = .closing
                return .sendClose(.messageTooLarge)
            case (.open, .abort), (.closing, .abort):
                state = .ended(nil)
                return .disconnect
            case (.ended, .abort):
                return .disconnect
            case (.closing, _), (.ended, _):
                return .ignore
            }
        }

        /// The client's half of the connection ended, or the connection broke.
        mutating func lost() {
            switch state {
            case .open: state = .ended(.connectionLost)
            case .closing: state = .ended(nil)
            case .ended: break
            }
        }

        /// The channel is closed. Returns why, `nil` where both sides ended the WebSocket in good order.
        mutating func channelInactive() -> WebSocketError? {
            lost()
            if case .ended(let error) = state { return error }
            return nil
        }
    }
}
