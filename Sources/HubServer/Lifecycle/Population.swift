import Synchronization

/// Counts the connections of a server, for its shutdown to know when the last one has gone.
final class Population: Sendable {
    private struct State {
        var count = 0
        var isClosing = false
        var hasGivenUp = false
        /// End those connections that are not among the loops'.
        var closes: [Int: @Sendable () -> Void] = [:]
        var lastNumber = 0
        var waiters: [CheckedContinuation<Void, Never>] = []

        var isOver: Bool { count == 0 || hasGivenUp }

        mutating func takeWaitersIfOver() -> [CheckedContinuation<Void, Never>] {
            guard isOver else { return [] }
            defer { waiters = [] }
            return waiters
        }
    }

    private let state = Mutex(State())

    var count: Int { state.withLock { $0.count } }

    var isClosing: Bool { state.withLock { $0.isClosing } }

    /// - Returns: What ends the connections that are not among the loops'; nil where closing has begun already.
    func beginClosing() -> [@Sendable () -> Void]? {
        state.withLock { state in
            guard !state.isClosing else { return nil }
            state.isClosing = true
            return Array(state.closes.values)
        }
    }

    func arrived() { state.withLock { $0.count += 1 } }

    /// - Parameter close: Ends the connection.
    /// - Returns: The connection's number, for ``left(_:)``.
    func arrived(close: @escaping @Sendable () -> Void) -> Int {
        state.withLock { state in
            state.count += 1
            state.lastNumber += 1
            state.closes[state.lastNumber] = close
            return state.lastNumber
        }
    }

    func left(_ number: Int) {
        state.withLock { $0.closes[number] = nil }
        left()
    }

    func left() {
        let waiters = state.withLock { state in
            state.count -= 1
            return state.takeWaitersIfOver()
        }
        for waiter in waiters { waiter.resume() }
    }

    func giveUpWaiting() {
        let waiters = state.withLock { state in
            state.hasGivenUp = true
            return state.takeWaitersIfOver()
        }
        for waiter in waiters { waiter.resume() }
    }

    func waitUntilEmpty() async {
        await withCheckedContinuation { waiter in
            let isOver = state.withLock { state in
                if !state.isOver { state.waiters.append(waiter) }
                return state.isOver
            }
            if isOver { waiter.resume() }
        }
    }
}
