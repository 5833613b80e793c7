extension HubConnection {
    /// The life of a connection. A value without I/O: events go in, what is to be done comes out.
    struct StateMachine {
        /// How far the hub's `onConnected` is.
        private enum Opening { case notBegun, running, succeeded }

        private enum State {
            /// The client has not yet said which protocol it speaks.
            case handshaking
            /// The handshake was accepted and `onConnected` runs; the client's messages wait.
            case opening
            case open
            /// The client was told the end, or told it; its transport is about to close.
            case closing(Opening)
            /// The transport is gone while `onConnected` still runs.
            case closedWhileOpening
            case closed
        }

        private var state = State.handshaking
        private(set) var hasShakenHands = false

        var isHandshaking: Bool { if case .handshaking = state { true } else { false } }
        var isOpen: Bool { if case .open = state { true } else { false } }

        /// Whether what the client sends counts.
        var takesBytes: Bool {
            switch state {
            case .handshaking, .opening, .open: true
            case .closing, .closedWhileOpening, .closed: false
            }
        }

        mutating func handshakeAccepted() {
            guard case .handshaking = state else { return }
            state = .opening
            hasShakenHands = true
        }

        enum Opened {
            case readMessages
            /// The transport is gone already: the end is told now.
            case disconnect
            case nothing
        }

        /// `onConnected` has returned.
        mutating func opened() -> Opened {
            switch state {
            case .opening:
                state = .open
                return .readMessages
            case .closing(.running):
                state = .closing(.succeeded)
                return .nothing
            case .closedWhileOpening:
                state = .closed
                return .disconnect
            case .handshaking, .open, .closing, .closed:
                return .nothing
            }
        }

        enum OpeningFailed {
            case sendClose
            case remove
            case nothing
        }

        /// `onConnected` has thrown.
        mutating func openingFailed() -> OpeningFailed {
            switch state {
            case .opening:
                state = .closing(.notBegun)
                return .sendClose
            case .closing(.running):
                state = .closing(.notBegun)
                return .nothing
            case .closedWhileOpening:
                state = .closed
                return .remove
            case .handshaking, .open, .closing, .closed:
                return .nothing
            }
        }

        enum Close {
            /// The client knows the hub protocol: it is told.
            case sendClose
            /// It does not yet.
            case closeTransport
            case nothing
        }

        /// This side ends the connection.
        mutating func close() -> Close {
            switch state {
            case .handshaking:
                state = .closing(.notBegun)
                return .closeTransport
            case .opening:
                state = .closing(.running)
                return .sendClose
            case .open:
                state = .closing(.succeeded)
                return .sendClose
            case .closing, .closedWhileOpening, .closed:
                return .nothing
            }
        }

        enum TransportClosed {
            /// It is taken from the lists, if it was in, without telling the hub.
            case remove
            /// The hub is told, and then it is taken from the lists.
            case disconnect
            /// `onConnected` has to end first.
            case waitForOpening
            case nothing
        }

        mutating func transportClosed() -> TransportClosed {
            switch state {
            case .handshaking, .closing(.notBegun):
                state = .closed
                return .remove
            case .opening, .closing(.running):
                state = .closedWhileOpening
                return .waitForOpening
            case .open, .closing(.succeeded):
                state = .closed
                return .disconnect
            case .closedWhileOpening, .closed:
                return .nothing
            }
        }
    }
}
