import Synchronization

/// What an invocation runs as: it may be cancelled before it has begun.
final class InvocationTask: Sendable {
    private enum State {
        case due(isCancelled: Bool)
        case running(Task<Void, Never>)
    }

    private let state = Mutex(State.due(isCancelled: false))

    /// From any thread.
    func cancel() {
        let task: Task<Void, Never>? = state.withLock { state in
            if case .running(let task) = state { return task }
            state = .due(isCancelled: true)
            return nil
        }
        task?.cancel()
    }

    /// Runs an operation on this thread up to where it first waits.
    func begin(_ operation: @escaping @Sendable () async -> Void) {
        let task = Self.immediately {
            if self.isCancelled { withUnsafeCurrentTask { $0?.cancel() } }
            await operation()
        }
        let isCancelled = state.withLock { state in
            defer { state = .running(task) }
            if case .due(isCancelled: true) = state { return true }
            return false
        }
        if isCancelled { task.cancel() }
    }

    /// Older systems of Apple's have no such tasks; there the order is that of the thread pool.
    private static func immediately(_ operation: @escaping @Sendable () async -> Void) -> Task<Void, Never> {
        guard #available(macOS 26, *) else { return Task { await operation() } }
        return Task.immediate { await operation() }
    }

    private var isCancelled: Bool {
        state.withLock { if case .due(isCancelled: true) = $0 { true } else { false } }
    }
}
