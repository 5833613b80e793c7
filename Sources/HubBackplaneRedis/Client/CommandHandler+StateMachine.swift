import DequeModule
import HubBackplane
import NIOCore

extension CommandHandler {
    /// The commands that were sent over one connection, answered first in, first out.
    struct StateMachine {
        enum ReplyAction {
            /// - Parameter deadline: When it should have been answered at the latest.
            case complete(Command, [RESPValue], deadline: NIODeadline)
            case wait
            /// The server or the connection cannot be used.
            case close(reason: String)
        }

        private var unanswered: Deque<(command: Command, deadline: NIODeadline)> = []
        /// The replies of the first unanswered command that are there.
        private var replies: [RESPValue] = []

        /// Whether the next reply's strings are wanted.
        var readsPayloads: Bool { unanswered.first?.command.readsPayloads ?? false }

        var isIdle: Bool { unanswered.isEmpty }

        mutating func sent(_ commands: [Command], deadline: NIODeadline) {
            for command in commands {
                unanswered.append((command, deadline))
            }
        }

        mutating func received(_ reply: RESPValue) -> ReplyAction {
            if let error = reply.error, error.meansUnusableServer { return .close(reason: error) }
            guard let first = unanswered.first else { return .close(reason: "a reply that belongs to no command") }
            replies.append(reply)
            guard replies.count == first.command.replies else { return .wait }
            unanswered.removeFirst()
            defer { replies.removeAll(keepingCapacity: true) }
            return .complete(first.command, replies, deadline: first.deadline)
        }

        /// Whether the oldest command has waited too long.
        func isOverdue(at now: NIODeadline) -> Bool {
            unanswered.first.map { $0.deadline <= now } ?? false
        }

        /// - Returns: The commands that nobody will answer.
        mutating func close() -> [Command] {
            defer {
                unanswered = []
                replies = []
            }
            return unanswered.map(\.command)
        }
    }
}
