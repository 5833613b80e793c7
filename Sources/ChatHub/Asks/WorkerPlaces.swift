import Synchronization

/// How many replies a worker may still take on.
final class WorkerPlaces: Sendable {
    private let limit: Int
    private struct State {
        var taken = 0
        var isClosed = false
    }

    private let state = Mutex(State())

    init(limit: Int) { self.limit = limit }

    /// Takes up to `count` places.
    func take(upTo count: Int) -> Int {
        state.withLock { state in
            guard !state.isClosed else { return 0 }
            let granted = max(0, min(count, limit - state.taken))
            state.taken += granted
            return granted
        }
    }

    func giveBack(_ count: Int) {
        state.withLock { $0.taken -= count }
    }

    /// There are none any more.
    func close() { state.withLock { $0.isClosed = true } }

    var isEmpty: Bool { state.withLock { $0.taken == 0 } }

    /// Over four fifths are taken.
    var isNearlyFull: Bool { state.withLock { $0.taken > limit / 5 * 4 } }
}
