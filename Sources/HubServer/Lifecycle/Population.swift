import Synchronization

/// Counts the connections of a server, for its shutdown to know when the last one has gone.
final class Population: Sendable {
    private struct State {
        var count = 0
        var isClosing = false
        var hasGivenUp = false
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

    func beginClosing() { state.withLock { $0.isClosing = true } }

    func arrived() { state.withLock { $0.count += 1 } }

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
