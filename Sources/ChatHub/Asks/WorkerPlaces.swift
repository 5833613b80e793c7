import Synchronization

/// How many replies a worker may still take on.
final class WorkerPlaces: Sendable {
    private let limit: Int
    private let taken = Mutex(0)

    init(limit: Int) { self.limit = limit }

    /// Takes up to `count` places.
    func take(upTo count: Int) -> Int {
        taken.withLock { taken in
            let granted = max(0, min(count, limit - taken))
            taken += granted
            return granted
        }
    }

    func giveBack(_ count: Int) {
        taken.withLock { $0 -= count }
    }

    var isEmpty: Bool { taken.withLock { $0 == 0 } }

    /// Over four fifths are taken.
    var isNearlyFull: Bool { taken.withLock { $0 > limit / 5 * 4 } }
}
