import Synchronization

/// A connection's place among those that a node takes. It is given back once, when the connection has ended or when it
/// did not come about.
package final class ConnectionPlace: Sendable {
    private let isReleased = Atomic(false)
    private let giveBack: @Sendable () -> Void

    package init(giveBack: @escaping @Sendable () -> Void) {
        self.giveBack = giveBack
    }

    deinit { release() }

    package func release() {
        guard !isReleased.exchange(true, ordering: .acquiringAndReleasing) else { return }
        giveBack()
    }
}
