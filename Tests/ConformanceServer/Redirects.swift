import Foundation
import Synchronization

/// Numbers that grow, so that a client's tests see that it asked again, be it another server that it asked: they begin with
/// the time.
final class Redirects: Sendable {
    private let last = Atomic(0)

    func next() -> Int {
        let now = Int(Date().timeIntervalSince1970 * 1000)
        while true {
            let last = last.load(ordering: .relaxed)
            let next = max(last + 1, now)
            if self.last.compareExchange(expected: last, desired: next, ordering: .relaxed).exchanged { return next }
        }
    }
}
