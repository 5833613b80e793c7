import Synchronization

/// Elements that arrive on some thread and are awaited, in their order, by one task at a time.
final class Mailbox<Element: Sendable>: Sendable {
    private struct State {
        var waiting: [Element] = []
        var reader: CheckedContinuation<Element?, Never>?
        var isFinished = false
    }

    private let state = Mutex(State())

    func put(_ element: Element) {
        let reader = state.withLock { state in
            if let reader = state.reader.take() { return Optional(reader) }
            state.waiting.append(element)
            return nil
        }
        reader?.resume(returning: element)
    }

    func finish() {
        let reader = state.withLock { state in
            state.isFinished = true
            return state.reader.take()
        }
        reader?.resume(returning: nil)
    }

    /// The next element, `nil` when there will be none, or when the task is cancelled.
    func next() async -> Element? {
        await withTaskCancellationHandler {
            await withCheckedContinuation { reader in
                let element: Element?? = state.withLock { state in
                    if !state.waiting.isEmpty { return .some(state.waiting.removeFirst()) }
                    if state.isFinished || Task.isCancelled { return .some(nil) }
                    precondition(state.reader == nil, "one task at a time may wait")
                    state.reader = reader
                    return nil
                }
                if let element { reader.resume(returning: element) }
            }
        } onCancel: {
            state.withLock { $0.reader.take() }?.resume(returning: nil)
        }
    }
}
