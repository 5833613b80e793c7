import Synchronization

/// What this node has asked of others and waits for their answers to.
package final class NodeRequests<Answer: Sendable>: Sendable {
    private struct Waiter {
        let continuation: CheckedContinuation<Answer?, Never>
        let asksAll: Bool
        /// Nodes that have nothing to say to it; where all are asked, those that have answered.
        var silent: Set<NodeID> = []
        /// What one of them has answered.
        var answer: Answer?
        /// How many nodes have heard it, as far as is known.
        var listeners: Int?

        var isVain: Bool { listeners.map { silent.count >= $0 } ?? false }
    }

    private let waiters = Mutex<[UInt64: Waiter]>([:])

    package init() {}

    /// Sends a request under a new number, and returns when it was answered, given up, or the time is over.
    ///
    /// It is sent again from time to time: whoever had to do it may have gone at that moment, and then the next attempt
    /// finds nobody. Doing it twice must do no harm.
    ///
    /// - Parameter asksAll: Whether it is waited for all that hear it, and not for the first answer.
    /// - Returns: The answer; nil where nobody has answered, or not all of whom it is asked.
    package func perform(
        every interval: Duration, attempts: Int, asksAll: Bool = false,
        send: @escaping @Sendable (_ number: UInt64) -> Void
    ) async -> Answer? {
        let number = UInt64.random(in: .min ... .max)
        let repeater = Task {
            for _ in 1..<attempts {
                try await Task.sleep(for: interval)
                send(number)
            }
            try await Task.sleep(for: interval)
            finish(number, nil)
        }
        let answer = await withCheckedContinuation { continuation in
            waiters.withLock { $0[number] = Waiter(continuation: continuation, asksAll: asksAll) }
            send(number)
        }
        repeater.cancel()
        return answer
    }

    /// The request was answered, or there is nobody to do it.
    package func finish(_ number: UInt64, _ answer: Answer?) {
        waiters.withLock { $0.removeValue(forKey: number) }?.continuation.resume(returning: answer)
    }

    /// A node has answered the request. Where all are asked, the others are waited for.
    ///
    /// - Returns: Whether all of them have answered.
    package func answered(_ number: UInt64, _ answer: Answer, by node: NodeID) -> Bool {
        let (first, isVain) = waiters.withLock { waiters -> (Waiter?, Bool) in
            guard waiters[number]?.asksAll == true else { return (waiters.removeValue(forKey: number), false) }
            waiters[number]?.silent.insert(node)
            waiters[number]?.answer = answer
            return (nil, waiters[number]?.isVain ?? false)
        }
        first?.continuation.resume(returning: answer)
        return isVain
    }

    /// There is nobody who has yet to answer the request.
    ///
    /// - Parameter otherwise: The answer where nobody had one.
    package func finish(_ number: UInt64, otherwise: Answer) {
        guard let waiter = waiters.withLock({ $0.removeValue(forKey: number) }) else { return }
        waiter.continuation.resume(returning: waiter.answer ?? otherwise)
    }

    /// So many nodes have heard the request.
    ///
    /// - Returns: Whether all of them have said that they have nothing to say to it.
    package func isHeard(_ number: UInt64, by count: Int) -> Bool {
        change(number) { $0.listeners = count }
    }

    /// A node has heard the request and has nothing to say to it.
    ///
    /// - Returns: Whether that holds for all that have heard it.
    package func hasNothing(_ number: UInt64, _ node: NodeID) -> Bool {
        change(number) { $0.silent.insert(node) }
    }

    private func change(_ number: UInt64, _ body: (inout Waiter) -> Void) -> Bool {
        waiters.withLock { waiters in
            guard var waiter = waiters[number] else { return false }
            body(&waiter)
            waiters[number] = waiter
            return waiter.isVain
        }
    }
}
