import HubBackplane
import Synchronization

/// Invocations of clients, here or at other nodes, whose answers are waited for on this node.
final class PendingAnswers: Sendable {
    typealias Number = UInt64

    private struct Pending {
        let waiter: CheckedContinuation<ClientAnswer, Never>
        /// Somebody holds the connection and asks its client.
        var isTaken = false
        var cleanups: [@Sendable () -> Void] = []
    }

    private let pending = Mutex<[Number: Pending]>([:])

    /// Sends an invocation under a new number and returns with its answer: `canceled` where the task is cancelled before.
    func answer(to send: (Number) -> Void) async -> ClientAnswer {
        let number = Number.random(in: .min ... .max)
        return await withTaskCancellationHandler {
            await withCheckedContinuation { waiter in
                pending.withLock { $0[number] = Pending(waiter: waiter) }
                // The cancellation may have come before there was anyone to wake.
                if Task.isCancelled { finish(number, .canceled) } else { send(number) }
            }
        } onCancel: {
            finish(number, .canceled)
        }
    }

    /// Only the first answer counts.
    func finish(_ number: Number, _ answer: ClientAnswer) {
        guard let finished = pending.withLock({ $0.removeValue(forKey: number) }) else { return }
        finished.waiter.resume(returning: answer)
        for cleanup in finished.cleanups { cleanup() }
    }

    /// Calls `cleanup` when there is an answer: at once where there is already.
    func onFinish(_ number: Number, _ cleanup: @escaping @Sendable () -> Void) {
        let isPending = pending.withLock { pending in
            pending[number]?.cleanups.append(cleanup)
            return pending[number] != nil
        }
        if !isPending { cleanup() }
    }

    /// A node has said that it holds the connection.
    ///
    /// - Returns: Whether somebody waits, and hears it for the first time.
    func taken(_ number: Number) -> Bool {
        pending.withLock { pending in
            defer { pending[number]?.isTaken = true }
            return pending[number]?.isTaken == false
        }
    }

    /// Nobody has: whoever was reached is gone, or frozen.
    func finishUnlessTaken(_ number: Number, _ answer: ClientAnswer) {
        guard pending.withLock({ $0[number]?.isTaken == false }) else { return }
        finish(number, answer)
    }
}
