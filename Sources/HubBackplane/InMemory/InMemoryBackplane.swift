import NIOConcurrencyHelpers
import NIOCore
import Synchronization

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// The backplane of a single node: everything stays in the memory of this process.
///
/// It behaves as Redis does where callers can tell: a log refuses what is not newer, keys expire, the items of a queue
/// stay pending until acknowledged. Each subscription counts as a node of its own, so several nodes of a test can share
/// one backplane. It is always ready.
public final class InMemoryBackplane: Backplane {
    struct State: Sendable {
        var channels: [ChannelName: [ChannelReceiver]] = [:]
        var logs = ExpiringKeys<InMemoryLog>()
        var values = ExpiringKeys<ByteBuffer>()
        var queues: [KeyName: InMemoryQueue] = [:]
        var leases = ExpiringKeys<NodeLease>()
        var sets = ExpiringKeys<Set<String>>()
        /// The ends of memberships, by member.
        var memberships = ExpiringKeys<[String: Int64]>()
    }

    /// Messages that wait for their receivers, in bytes: the bound against a receiver that blocks.
    private static let waitingBytesLimit = 64 << 20

    let state = NIOLockedValueBox(State())
    let lastNumber = Atomic<UInt64>(0)
    let delivery = SerialDelivery()

    /// Creates an empty backplane.
    public init() {}

    public var isReady: Bool { true }

    public func observeState(_ observe: @escaping @Sendable (BackplaneState) -> Void) {}

    /// The clock of this process, in milliseconds since 1970.
    public func time() async throws -> Int64 { Int64(Date().timeIntervalSince1970 * 1000) }

    func nextNumber() -> UInt64 { lastNumber.add(1, ordering: .relaxed).newValue }

    /// Why nothing can be published now, if so.
    func publishingError() -> BackplaneError? {
        guard delivery.messageBytes > Self.waitingBytesLimit else { return nil }
        return BackplaneError(.unavailable, "more than \(Self.waitingBytesLimit) bytes wait for slow receivers")
    }
}
