import HubBackplane
import NIOConcurrencyHelpers
import NIOCore

/// The other end of a session, on another node. What is said to it is numbered: one that finds a number missing ends the
/// session, since nothing of it may be lost unnoticed.
final class RelayPeer: SessionPeer {
    private let count = NIOLockedValueBox<UInt32>(0)
    private let publish: @Sendable (SessionMessage, UInt32) -> Void

    /// - Parameter publish: Sends a message, with how many were sent before.
    init(publish: @escaping @Sendable (SessionMessage, UInt32) -> Void) { self.publish = publish }

    func take(_ message: SessionMessage) {
        // Under the lock, so that numbers leave in their order.
        count.withLockedValue { count in
            publish(message, count)
            count &+= 1
        }
    }
}

/// The receiving end of what a ``RelayPeer`` says.
struct RelayReceiver: Sendable {
    private var next: UInt32 = 0

    enum Received: Equatable { case takes, ignores, misses }

    mutating func received(_ count: UInt32) -> Received {
        if count == next {
            next &+= 1
            return .takes
        }
        return count < next ? .ignores : .misses
    }
}
