import Synchronization

/// How many replies the connections of this node have under way.
final class ReplyCounts: Sendable {
    private struct State {
        var all = 0
        var perConnection: [String: Int] = [:]
    }

    enum Refusal { case node, connection }

    private let limits: ReplyLimits
    private let state = Mutex(State())

    init(limits: ReplyLimits) { self.limits = limits }

    /// Counts one more, unless it is one too many.
    func enter(from connection: String) -> Refusal? {
        state.withLock { state in
            if let limit = limits.perNode, state.all >= limit { return .node }
            let count = state.perConnection[connection, default: 0]
            if let limit = limits.perConnection, count >= limit { return .connection }
            state.all += 1
            state.perConnection[connection] = count + 1
            return nil
        }
    }

    func leave(from connection: String) {
        state.withLock { state in
            state.all -= 1
            guard let count = state.perConnection[connection] else { return }
            state.perConnection[connection] = count > 1 ? count - 1 : nil
        }
    }
}
