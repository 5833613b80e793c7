import Foundation
import Synchronization
import UnixSignals

/// Ctrl-C: the first one asks for an early end, the second one is the end.
final class LoadInterruption: Sendable {
    private let hold = Mutex<(isInterrupted: Bool, task: Task<Void, Never>?)>((false, nil))

    /// Watches until the task is cancelled.
    ///
    /// - Parameter onFirst: Called at the first one.
    func watch(_ onFirst: () -> Void) async {
        for await _ in await UnixSignalsSequence(trapping: .sigint) {
            let isFirst = hold.withLock { hold in
                defer { hold.isInterrupted = true }
                hold.task?.cancel()
                return !hold.isInterrupted
            }
            guard isFirst else { exit(130) }
            onFirst()
        }
    }

    /// Waits, unless it was or is interrupted.
    func sleep(for duration: Duration) async {
        let task = Task { _ = try? await Task.sleep(for: duration) }
        hold.withLock { hold in
            hold.task = task
            if hold.isInterrupted { task.cancel() }
        }
        await task.value
    }

    /// Whether there was one.
    var isInterrupted: Bool { hold.withLock { $0.isInterrupted } }
}
