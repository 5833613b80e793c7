import Synchronization

/// Where methods of a test wait until the test lets them go on; counts who came.
final class Gate: Sendable {
    private struct State {
        var isOpen = false
        var arrivals: [String] = []
        var waiters: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Mutex(State())

    var arrivals: [String] { state.withLock { $0.arrivals } }

    func arrive(_ name: String = "") async {
        await withCheckedContinuation { waiter in
            let passes = state.withLock { state in
                state.arrivals.append(name)
                if !state.isOpen { state.waiters.append(waiter) }
                return state.isOpen
            }
            if passes { waiter.resume() }
        }
    }

    /// Lets the one through that came first.
    func letOne() {
        state.withLock { $0.waiters.isEmpty ? nil : $0.waiters.removeFirst() }?.resume()
    }

    /// Lets all through, now and from now on.
    func open() {
        let waiters = state.withLock { state in
            state.isOpen = true
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter.resume() }
    }
}

/// What happened, in order, noted from any thread.
final class Journal: Sendable {
    private let notes = Mutex<[String]>([])
    var all: [String] { notes.withLock { $0 } }
    func note(_ text: String) { notes.withLock { $0.append(text) } }
}
