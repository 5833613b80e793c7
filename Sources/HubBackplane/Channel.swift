public import NIOCore

/// What a subscriber receives.
public enum SubscriptionEvent: Sendable {
    /// A message published to the channel.
    case message(ByteBuffer)
    /// The subscription was interrupted and is confirmed again: messages in between are lost.
    case resubscribed
}

/// A subscription of this node to one channel.
public struct ChannelSubscription: Sendable {
    private let onCancel: @Sendable () -> Void

    /// Creates a subscription; for implementations of ``Backplane``.
    public init(onCancel: @escaping @Sendable () -> Void) {
        self.onCancel = onCancel
    }

    /// Ends the subscription. No event is delivered after this returned, unless one was being delivered.
    public func cancel() { onCancel() }
}
