import HubBackplane
import NIOConcurrencyHelpers
import NIOCore

@testable import HubServer

/// The channels of a backplane as one node sees them, with what can go wrong between edge and home.
final class RelayBackplane: Backplane {
    struct Rules: Sendable {
        /// What becomes of a message that this node publishes.
        var fate: @Sendable (RelayMessage) -> Fate = { _ in .delivered }
        /// The number of receivers that is told instead of the right one.
        var receivers: Int?
        var isAway = false
    }

    enum Fate: Sendable { case delivered, lost, twice, delayed(Duration) }

    private let base: InMemoryBackplane
    let rules = NIOLockedValueBox(Rules())
    /// Everything of the relay that this node published.
    let published = NIOLockedValueBox<[RelayMessage]>([])
    private let receivers = NIOLockedValueBox<[@Sendable (SubscriptionEvent) -> Void]>([])

    private let resubscribing = NIOLockedValueBox<Set<NodeID>>([])

    init(base: InMemoryBackplane) { self.base = base }

    func change(_ change: @Sendable (inout Rules) -> Void) { rules.withLockedValue { change(&$0) } }

    /// All subscriptions were interrupted.
    func interrupt() {
        for receive in receivers.withLockedValue({ $0 }) { receive(.resubscribed) }
    }

    func subscribe(
        to channel: ChannelName, receive: @escaping @Sendable (SubscriptionEvent) -> Void
    ) async throws -> ChannelSubscription {
        receivers.withLockedValue { $0.append(receive) }
        return try await base.subscribe(to: channel, receive: receive)
    }

    func publish(
        _ message: ByteBuffer, to channel: ChannelName,
        completion: @escaping @Sendable (Result<Int, BackplaneError>) -> Void
    ) {
        let rules = rules.withLockedValue { $0 }
        guard !rules.isAway else { return completion(.failure(BackplaneError(.unavailable, "away"))) }
        var fate = Fate.delivered
        if let said = RelayMessage(message) {
            published.withLockedValue { $0.append(said) }
            fate = rules.fate(said)
        }
        let told: @Sendable (Result<Int, BackplaneError>) -> Void = { result in
            completion(result.map { rules.receivers ?? $0 })
        }
        switch fate {
        case .delivered:
            base.publish(message, to: channel, completion: told)
        case .twice:
            base.publish(message, to: channel) { _ in }
            base.publish(message, to: channel, completion: told)
        case .lost:
            completion(.success(rules.receivers ?? 1))
        case .delayed(let time):
            Task { [base] in
                try? await Task.sleep(for: time)
                base.publish(message, to: channel) { _ in }
            }
            completion(.success(rules.receivers ?? 1))
        }
    }

    var isReady: Bool { !rules.withLockedValue { $0.isAway } }
    func observeState(_ observe: @escaping @Sendable (BackplaneState) -> Void) {}
    func time() async throws -> Int64 { try await base.time() }

    func consumers(of queue: KeyName) async throws -> Set<String> { try await base.consumers(of: queue) }

    func claim(
        _ count: Int, from lost: String, for consumer: String, on queue: KeyName
    ) async throws -> [QueueItem] {
        try await base.claim(count, from: lost, for: consumer, on: queue)
    }

    func renewLease(of node: NodeID, count: UInt64, timeToLive: Duration) async throws {
        try await base.renewLease(of: node, count: count, timeToLive: timeToLive)
    }

    func leases(of nodes: Set<NodeID>?) async throws -> [NodeID: NodeLease] {
        let resubscribing = resubscribing.withLockedValue { $0 }
        return try await base.leases(of: nodes).merging(
            resubscribing.map { ($0, NodeLease(count: 1, isResubscribing: true)) }, uniquingKeysWith: { $1 })
    }

    /// Nodes whose leases say that they are resubscribing.
    func setResubscribing(_ nodes: Set<NodeID>) { resubscribing.withLockedValue { $0 = nodes } }

    var lastDelivery: ContinuousClock.Instant? { base.lastDelivery }

    // MARK: What the relay does not use

    func append(
        _ append: LogAppend, completion: @escaping @Sendable (Result<LogAppendOutcome, BackplaneError>) -> Void
    ) { base.append(append, completion: completion) }

    func append(_ append: LogAppend, ifLastIs last: LogID?) async throws -> Bool {
        try await base.append(append, ifLastIs: last)
    }

    func read(_ log: KeyName, after: LogID?) async throws -> LogPage { try await base.read(log, after: after) }
    func lastEntry(of log: KeyName) async throws -> LogEntry? { try await base.lastEntry(of: log) }

    func set(_ key: KeyName, to value: ByteBuffer, timeToLive: Duration, onlyIfAbsent: Bool) async throws -> Bool {
        try await base.set(key, to: value, timeToLive: timeToLive, onlyIfAbsent: onlyIfAbsent)
    }

    func get(_ key: KeyName) async throws -> ByteBuffer? { try await base.get(key) }
    func expire(_ keys: [KeyName], after timeToLive: Duration) { base.expire(keys, after: timeToLive) }
    func change(
        _ set: KeyName, add: Set<String>, remove: Set<String>, timeToLive: Duration
    ) async throws {
        try await base.change(set, add: add, remove: remove, timeToLive: timeToLive)
    }

    func replace(_ set: KeyName, with members: Set<String>, timeToLive: Duration) async throws {
        try await base.replace(set, with: members, timeToLive: timeToLive)
    }

    func members(of sets: [KeyName]) async throws -> [Set<String>] { try await base.members(of: sets) }
    func memberCounts(of sets: [KeyName]) async throws -> [Int] { try await base.memberCounts(of: sets) }
    func enter(_ member: String, into set: KeyName, until end: Int64, now: Int64, limit: Int) async throws -> Bool {
        try await base.enter(member, into: set, until: end, now: now, limit: limit)
    }
    func leave(_ member: String?, from set: KeyName) async throws { try await base.leave(member, from: set) }
    func members(of set: KeyName, now: Int64) async throws -> Set<String> { try await base.members(of: set, now: now) }
    func enqueue(_ item: ByteBuffer, on queue: KeyName) async throws { try await base.enqueue(item, on: queue) }

    func take(_ count: Int, from queue: KeyName, consumer: String, wait: Duration?) async throws -> [QueueItem] {
        try await base.take(count, from: queue, consumer: consumer, wait: wait)
    }

    func pending(on queue: KeyName, consumer: String) async throws -> [QueueItem] {
        try await base.pending(on: queue, consumer: consumer)
    }

    func acknowledge(_ items: [QueueItem.ID], on queue: KeyName) async throws {
        try await base.acknowledge(items, on: queue)
    }
}
