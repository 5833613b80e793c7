import HubServer
import NIOCore

extension EventStream {
    /// A stream of server-sent events at its edge: what the home says of it, until the response takes it. A value without
    /// I/O.
    struct StateMachine {
        private enum State {
            case open
            /// The home has said the end: the response takes what waits and then ends, or breaks.
            case closing(TransportClose)
            case ended
        }

        private var state = State.open
        private var events = ByteBuffer.eventStreamOpening
        /// How many bytes of the home's data are in `events`.
        private var size = 0

        /// What a response is to write next.
        enum Next: Equatable {
            case events(ByteBuffer, size: Int)
            case nothingYet
            case finish
            /// The response is to be broken off.
            case abort
        }

        mutating func next() -> Next {
            switch state {
            case .closing(.abort), .ended:
                return .abort
            case .open where events.readableBytes == 0:
                return .nothingYet
            case .closing where events.readableBytes == 0:
                return .finish
            case .open, .closing:
                defer {
                    events = ByteBuffer()
                    size = 0
                }
                return .events(events, size: size)
            }
        }

        /// The home has something for the client.
        mutating func received(_ messages: ByteBuffer) {
            guard case .open = state else { return }
            events.writeEvent(messages)
            size += messages.readableBytes
        }

        mutating func close(_ close: TransportClose) {
            switch (state, close) {
            case (.open, _), (.closing, .abort): state = .closing(close)
            case (.closing, _), (.ended, _): break
            }
        }

        /// The response has ended, or its client has left.
        ///
        /// - Returns: How; nil where it is known already.
        mutating func ended() -> SessionEnd? {
            defer { state = .ended }
            switch state {
            case .open: return .lost
            case .closing: return .graceful
            case .ended: return nil
            }
        }
    }
}
