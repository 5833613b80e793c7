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
        private let maximumBufferSize: Int
        /// Whether what the client sends is read.
        var isReading = true

        /// - Parameters:
        ///   - bufferSize: How many bytes may wait for the client to acknowledge them, before others are held back.
        ///   - maximumBufferSize: How many bytes may wait for it at all, see ``takesMessages``.
        init(encoding: HubEncoding, bufferSize: Int, maximumBufferSize: Int) {
            buffer = MessageBuffer(encoding: encoding, limit: bufferSize)
            self.maximumBufferSize = max(bufferSize, maximumBufferSize)
        }

        /// Whether another socket may take the connection over.
        var isResumable: Bool { state != .over }

        /// Whether new messages may be written to the socket, if that takes them.
        ///
        /// While the client is not read from, an acknowledgement may lie behind what is not read. A method that reads a stream
        /// of the client's and answers it item for item would wait for one, and the client be held up until the method has
        /// read: so it is not waited for then.
        var takesMessages: Bool {
            switch state {
            case .attached: (!isReading || !buffer.isFull) && !buffer.isReplaying
            case .away: false
            case .over: true
            }
        }

        /// Whether more waits for the client than may.
        var isOverfull: Bool { buffer.size > maximumBufferSize }

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

    mutating func acknowledged(_ id: Int64) throws(HubProtocolError) {
        if state != .over { try buffer.acknowledge(id) }
    }

    mutating func sequenceBegins(at id: Int64) throws(HubProtocolError) { try receiver.begin(at: id) }

    var owesAck: Bool { receiver.owesAck }

    /// The number to acknowledge now, nil for none, and where nobody would hear it.
    mutating func takeAck() -> Int64? { state == .attached ? receiver.takeAck() : nil }
}
