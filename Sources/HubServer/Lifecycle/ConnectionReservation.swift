import Synchronization

/// A connection id whose channel this node listens to. Ends with the connection, or when it is dropped unused.
package final class ConnectionReservation: Sendable {
    package let id: String
    private let subscriptions: ChannelSubscriptions?
    private let isReleased = Atomic(false)

    init(id: String, subscriptions: ChannelSubscriptions) {
        self.id = id
        self.subscriptions = subscriptions
    }

    /// For a connection whose home, which may live longer, holds the reservation.
    package init(heldByHomeOf id: String) {
        self.id = id
        subscriptions = nil
    }

    deinit { release() }

    /// Stops listening; once only.
    package func release() {
        guard !isReleased.exchange(true, ordering: .acquiringAndReleasing) else { return }
        subscriptions?.release(.connection(id))
    }
}
