import HubBackplane
import NIOCore

extension CommandPipeline {
    /// The commands that callers on any thread have left for the connection, and the bytes that are under way.
    struct StateMachine<Connection: Sendable>: Sendable {
        private enum State {
            case away
            case up(Connection)
            /// Takes no more commands; somebody waits until all are answered.
            case closing(Connection, drained: @Sendable () -> Void)
            case closed
        }

        enum SendAction {
            /// The commands have to be fetched by ``takeBatch(into:)``, on the event loop.
            case scheduleFlush
            /// Somebody else has scheduled that.
            case wait
            case refuse(BackplaneError)
        }

        /// Commands that leave with one write.
        struct Batch {
            var bytes = ByteBuffer()
            var commands: [Command] = []

            /// Reserves room for a batch like the one before, within reason.
            fileprivate mutating func reserve(for last: Batch) {
                bytes.reserveCapacity(min(last.bytes.readableBytes, 64 << 10))
                commands.reserveCapacity(min(last.commands.count, 1 << 10))
            }

            /// Adds a command.
            ///
            /// - Returns: How many bytes it has.
            fileprivate mutating func add(
                replies: Int, readsPayloads: Bool, encode: (inout ByteBuffer) -> Void,
                complete: @escaping Command.Completion
            ) -> Int {
                let start = bytes.writerIndex
                encode(&bytes)
                let size = bytes.writerIndex - start
                commands.append(
                    Command(replies: replies, readsPayloads: readsPayloads, bytes: size, complete: complete))
                return size
            }
        }

        private let pendingBytesLimit: Int
        private var state = State.away
        private var batch = Batch()
        /// What followers are told behind the batch.
        private var feed = FeedMessages()
        private var isFlushScheduled = false
        /// The bytes of all commands that are not answered yet.
        private(set) var pendingBytes = 0

        var isUp: Bool {
            if case .up = state { true } else { false }
        }

        init(pendingBytesLimit: Int) { self.pendingBytesLimit = pendingBytesLimit }

        mutating func send(
            replies: Int, readsPayloads: Bool, encode: @Sendable (inout ByteBuffer) -> Void,
            complete: @escaping Command.Completion
        ) -> SendAction {
            switch state {
            case .away: return .refuse(BackplaneError(.unavailable, "there is no connection to Redis"))
            case .closing, .closed: return .refuse(BackplaneError(.closed, "the backplane was shut down"))
            case .up: break
            }
            guard pendingBytes < pendingBytesLimit else {
                return .refuse(BackplaneError(.unavailable, "\(pendingBytes) bytes of commands are not answered yet"))
            }
            pendingBytes += batch.add(
                replies: replies, readsPayloads: readsPayloads, encode: encode, complete: complete)
            if isFlushScheduled { return .wait }
            isFlushScheduled = true
            return .scheduleFlush
        }

        /// Tells a follower what the last command has appended.
        mutating func feed(_ payload: ByteBuffer, to follower: LogFollower) {
            if let message = feed.add(payload, for: follower) { publish(message, to: follower.channel) }
        }

        private mutating func publish(_ message: ByteBuffer, to channel: ChannelName) {
            let size = channel.rawValue.utf8.count + message.readableBytes + 3 * RESPEncoder.size(ofString: 0)
            pendingBytes += batch.add(
                replies: 1, readsPayloads: false,
                encode: { buffer in buffer.writeCommands(atMost: size) { $0.publish(message, to: channel) } },
                complete: { _ in })
        }

        /// Exchanges the gathered commands for an empty batch, and tells where they go.
        mutating func takeBatch(into other: inout Batch) -> Connection? {
            isFlushScheduled = false
            switch state {
            case .up(let connection), .closing(let connection, _):
                for (channel, message) in feed.takeAll() { publish(message, to: channel) }
                swap(&batch, &other)
                batch.reserve(for: other)
                return connection
            case .away, .closed:
                return nil
            }
        }

        /// - Returns: Whom to tell that all commands are answered.
        mutating func answered(bytes: Int) -> (@Sendable () -> Void)? {
            pendingBytes -= bytes
            guard case .closing(_, let drained) = state, pendingBytes == 0 else { return nil }
            state = .closed
            return drained
        }

        /// - Returns: Whether the connection may be used.
        mutating func connected(_ connection: Connection) -> Bool {
            guard case .away = state else { return false }
            state = .up(connection)
            return true
        }

        /// - Returns: The commands that were not sent, and whom to tell that no command is under way any more.
        mutating func disconnected() -> (unsent: [Command], drained: (@Sendable () -> Void)?) {
            defer {
                batch = Batch()
                feed = FeedMessages()
                pendingBytes = 0
            }
            switch state {
            case .up, .away:
                state = .away
                return (batch.commands, nil)
            case .closing(_, let drained):
                state = .closed
                return (batch.commands, drained)
            case .closed:
                return (batch.commands, nil)
            }
        }

        /// Takes no more commands.
        ///
        /// - Parameter drained: Called when all commands are answered.
        /// - Returns: The same when it is to be called now.
        mutating func close(drained: @escaping @Sendable () -> Void) -> (@Sendable () -> Void)? {
            guard case .up(let connection) = state, pendingBytes > 0 else {
                state = .closed
                return drained
            }
            state = .closing(connection, drained: drained)
            return nil
        }
    }
}
