import HubServer
import NIOCore

/// Long polling: the server's messages travel in the answers to polls, of which one at a time is open.
enum LongPolling {}

extension LongPolling {
    /// The polls of one connection (TransportProtocols.md, "Long Polling"). A value without I/O.
    ///
    /// What was given to a poll stays here until its edge says that it was written; else it goes to the next poll.
    struct StateMachine<Poll: Equatable> {
        private enum State {
            case idle
            case waiting(Poll)
            /// The answer is on its way to the client. A newer poll waits for what becomes of it.
            case answering(Poll, ByteBuffer, next: Poll?)
            case gone
        }

        enum Action: Equatable {
            case answer(Poll, PollAnswer)
            /// The poll waits: the connection may write.
            case takeMessages(for: Poll)
            /// Nothing can come of the connection any more.
            case remove
            /// The client does not take what it is sent.
            case cut
        }

        /// What the client or its edge has to do within a time; then call ``timePassed()``.
        enum Awaited: Equatable {
            /// The time is that of ``HubOptions/pollTimeout``.
            case messages
            /// ``HubOptions/disconnectTimeout``.
            case poll
            /// ``HubOptions/transportSendTimeout``.
            case delivery
            case nothing
        }

        private let limit: Int
        private var state = State.idle
        /// Written, and not yet given to a poll.
        private var unsent = ByteBuffer()
        private var isConnected = false
        private var isOver = false

        /// - Parameter limit: About how many bytes a poll is answered with at most.
        init(limit: Int) { self.limit = limit }

        var isWritable: Bool {
            if case .waiting = state { unsent.readableBytes < limit } else { false }
        }

        var awaited: Awaited {
            switch state {
            case .idle: .poll
            case .waiting: .messages
            case .answering: .delivery
            case .gone: .nothing
            }
        }
    }
}

// MARK: The client

extension LongPolling.StateMachine {
    mutating func poll(_ poll: Poll) -> [Action] {
        switch state {
        case .idle:
            return begin(poll)
        case .waiting(let older):
            // A proxy may keep the poll of a client that has gone; the client has come back with this one.
            return [.answer(older, .ended)] + begin(poll)
        case .answering(let current, let bytes, let older):
            state = .answering(current, bytes, next: poll)
            return older.map { [.answer($0, .ended)] } ?? []
        case .gone:
            return [.answer(poll, .ended)]
        }
    }

    private mutating func begin(_ poll: Poll) -> [Action] {
        guard isConnected else {
            isConnected = true
            state = .idle
            return [.answer(poll, .connected)]
        }
        state = .waiting(poll)
        if unsent.readableBytes > 0 { return answer() }
        if isOver {
            state = .gone
            return [.answer(poll, .ended), .remove]
        }
        return [.takeMessages(for: poll)]
    }

    /// A poll was written to its client, or was not.
    mutating func finished(_ poll: Poll, delivered: Bool) -> [Action] {
        switch state {
        case .waiting(poll):
            state = .idle
            return []
        case .answering(poll, let bytes, let next):
            if !delivered { putBack(bytes) }
            state = .idle
            return next.map { begin($0) } ?? []
        case .answering(let current, let bytes, .some(poll)):
            state = .answering(current, bytes, next: nil)
            return []
        case .idle, .waiting, .answering, .gone:
            return []
        }
    }

    private mutating func putBack(_ bytes: ByteBuffer) {
        var all = bytes
        all.writeBuffer(&unsent)
        unsent = all
    }

    /// `DELETE`: the connection is over at once.
    mutating func terminate() -> [Action] {
        defer { state = .gone }
        switch state {
        case .waiting(let poll), .answering(_, _, next: .some(let poll)): return [.answer(poll, .ended), .remove]
        case .idle, .answering: return [.remove]
        case .gone: return []
        }
    }

    /// What was awaited did not happen in time.
    mutating func timePassed() -> [Action] {
        switch state {
        case .idle:
            state = .gone
            return [.remove]
        case .waiting(let poll):
            state = .idle
            return [.answer(poll, .timedOut)]
        case .answering(_, _, let next):
            state = .gone
            return (next.map { [.answer($0, .ended)] } ?? []) + [.cut]
        case .gone:
            return []
        }
    }
}

// MARK: The connection

extension LongPolling.StateMachine {
    /// Takes whole hub messages, whether a poll waits or not.
    mutating func write(_ messages: consuming ByteBuffer) {
        if unsent.readableBytes == 0 { unsent = messages } else { unsent.writeImmutableBuffer(messages) }
    }

    /// Gives what was written to the poll that waits.
    mutating func flush() -> [Action] {
        guard unsent.readableBytes > 0 else { return [] }
        return answer()
    }

    private mutating func answer() -> [Action] {
        guard case .waiting(let poll) = state else { return [] }
        let bytes = unsent
        unsent = ByteBuffer()
        state = .answering(poll, bytes, next: nil)
        return [.answer(poll, .messages(bytes))]
    }

    /// The connection has ended, in good order: its last messages are still to be polled, then a poll is told.
    mutating func close() -> [Action] {
        isOver = true
        guard case .waiting(let poll) = state, unsent.readableBytes == 0 else { return [] }
        state = .gone
        return [.answer(poll, .ended), .remove]
    }
}
