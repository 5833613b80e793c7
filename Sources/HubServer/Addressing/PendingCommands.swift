import Synchronization

/// Commands to other nodes that wait for their acknowledgement.
final class PendingCommands: Sendable {
    private let waiters = Mutex<[UInt64: CheckedContinuation<CommandOutcome?, Never>]>([:])

    /// Sends a command under a new number, and returns when it was acknowledged, given up, or the time is over.
    ///
    /// It is sent again from time to time: whoever had to do it may have gone at that moment, and then the next attempt
    /// finds nobody. Doing a command twice does no harm.
    ///
    /// - Returns: What came of it; nil where nobody has answered.
    func perform(
        every interval: Duration, attempts: Int, send: @escaping @Sendable (_ number: UInt64) -> Void
    ) async -> CommandOutcome? {
        let number = UInt64.random(in: .min ... .max)
        let repeater = Task {
            for _ in 1..<attempts {
                try await Task.sleep(for: interval)
                send(number)
            }
            try await Task.sleep(for: interval)
            finish(number, nil)
        }
        let outcome = await withCheckedContinuation { waiter in
            waiters.withLock { $0[number] = waiter }
            send(number)
        }
        repeater.cancel()
        return outcome
    }

    /// The command was acknowledged, or there is nobody to do it.
    func finish(_ number: UInt64, _ outcome: CommandOutcome?) {
        waiters.withLock { $0.removeValue(forKey: number) }?.resume(returning: outcome)
    }
}
