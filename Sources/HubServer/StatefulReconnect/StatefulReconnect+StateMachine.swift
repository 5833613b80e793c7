import HubProtocol
import NIOCore

extension StatefulReconnect {
    /// A connection that may go on over another socket: what was written and read, and whether it has one. A value without
    /// I/O.
    struct StateMachine {
        private enum State {
            case attached
            /// The socket is gone without a word; another one may come.
            case away
            /// The end was said: no other socket is taken.
            case over
        }

        private var state = State.attached
        private var buffer: MessageBuffer
        private var receiver = SequenceReceiver()

        init(encoding: HubEncoding, bufferSize: Int) {
            buffer = MessageBuffer(encoding: encoding, limit: bufferSize)
        }

        /// Whether another socket may take the connection over.
        var isResumable: Bool { state != .over }

        /// Whether new messages may be written to the socket, if that takes them.
        var takesMessages: Bool {
            switch state {
            case .attached: !buffer.isFull && !buffer.isReplaying
            case .away: false
            case .over: true
            }
        }

        var isReplaying: Bool { state == .attached && buffer.isReplaying }

        /// New messages are written.
        mutating func wrote(_ messages: ByteBuffer) {
            if state != .over { buffer.append(messages) }
        }

        /// The socket is gone, and neither side has said why.
        ///
        /// - Returns: Whether to wait for another one.
        mutating func lost() -> Bool {
            guard state == .attached else { return false }
            state = .away
            return true
        }

        /// Another socket is there.
        ///
        /// - Returns: The number of the first message that follows on it.
        mutating func resumed() -> Int64 {
            state = .attached
            return buffer.rewind()
        }

        mutating func nextReplay(atMost limit: Int) -> ByteBuffer? {
            state == .attached ? buffer.nextUnsent(atMost: limit) : nil
        }

        /// - Returns: Whether there was a socket.
        mutating func end() -> Bool {
            defer {
                state = .over
                buffer = MessageBuffer(encoding: .json, limit: 0)
            }
            return state != .away
        }
    }
}

// MARK: What the client says

extension StatefulReconnect.StateMachine {
    /// - Returns: Whether the message is to be dealt with: it has not been before.
    mutating func received(_ message: HubMessage) -> Bool { message.isSequenced ? receiver.received() : true }

    /// - Returns: Whether messages that waited may be written now.
    mutating func acknowledged(_ id: Int64) throws(HubProtocolError) -> Bool {
        state == .over ? false : try buffer.acknowledge(id)
    }

    mutating func sequenceBegins(at id: Int64) throws(HubProtocolError) { try receiver.begin(at: id) }

    var owesAck: Bool { receiver.owesAck }

    /// The number to acknowledge now, nil for none, and where nobody would hear it.
    mutating func takeAck() -> Int64? { state == .attached ? receiver.takeAck() : nil }
}
