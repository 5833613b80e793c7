import Synchronization

/// Whoever subscribed to a channel, on any backplane.
package final class ChannelReceiver: Sendable {
    private let receive: @Sendable (SubscriptionEvent) -> Void
    private let isCancelled = Atomic(false)

    package init(receive: @escaping @Sendable (SubscriptionEvent) -> Void) {
        self.receive = receive
    }

    package func cancel() { isCancelled.store(true, ordering: .releasing) }

    package func deliver(_ event: SubscriptionEvent) {
        if !isCancelled.load(ordering: .acquiring) { receive(event) }
    }
}
