package import HubBackplane
package import NIOCore
package import Synchronization

/// A backplane that misbehaves as a real one does: it loses live messages, answers late, forgets logs, goes away.
///
/// Several of them on one base are the backplane as each of several nodes sees it.
package final class FaultyBackplane: Backplane {
    package struct Faults: Sendable {
        /// Loses this share of the published messages.
        package var lostMessages = 0.0
        /// Loses this share of the answers to appends, after they took effect.
        package var lostAnswers = 0.0
        /// Nothing can be done.
        package var isAway = false
        /// No lease can be renewed or read.
        package var failsLeases = false
        /// New subscriptions are confirmed only when this is over.
        package var holdsSubscriptions = false
        /// Who is a member is told only when this is over, as of the time when it was asked.
        package var holdsMemberships = false
        /// What is put into a queue is lost before anybody takes it.
        package var losesItems = false
        /// Nothing can be put into a queue.
        package var refusesItems = false
        /// Entries that logs have lost.
        package var lostEntries: Set<LogID> = []
        package var random = SeededGenerator(seed: 1)

        package init() {}
    }

    private let base: InMemoryBackplane
    private let faults: Mutex<Faults>
    private let observers = Mutex<[@Sendable (BackplaneState) -> Void]>([])
    package let appends = Mutex<[LogID]>([])
    /// How many items were asked for each time, and for how long they were waited for.
    package let takes = Mutex<[(count: Int, wait: Duration?)]>([])
    /// How often members of a set were asked for.
    package let membershipReads = Atomic(0)

    package init(base: InMemoryBackplane = InMemoryBackplane(), faults: Faults = Faults()) {
        self.base = base
        self.faults = Mutex(faults)
    }

    package func change(_ body: (inout Faults) -> Void) { faults.withLock { body(&$0) } }

    package func setAway(_ isAway: Bool) {
        faults.withLock { $0.isAway = isAway }
        for observer in observers.withLock({ $0 }) { observer(isAway ? .away : .ready) }
    }

    private static let away = BackplaneError(.unavailable, "away")

    private func loses(_ share: (Faults) -> Double) -> Bool {
        faults.withLock { faults in
            let share = share(faults)
            return share > 0 && Double.random(in: 0..<1, using: &faults.random) < share
        }
    }

    private func checkPresence() throws {
        if faults.withLock({ $0.isAway }) { throw Self.away }
    }

    private func checkLeases() throws {
        if faults.withLock({ $0.isAway || $0.failsLeases }) { throw Self.away }
    }

    private func isLost(_ entry: LogEntry) -> Bool { faults.withLock { $0.lostEntries.contains(entry.id) } }

    // MARK: Channels

    package func subscribe(
        to channel: ChannelName, receive: @escaping @Sendable (SubscriptionEvent) -> Void
    ) async throws -> ChannelSubscription {
        try checkPresence()
        while faults.withLock({ $0.holdsSubscriptions }) { try await Task.sleep(for: .milliseconds(1)) }
        return try await base.subscribe(to: channel) { event in
            if case .message = event, self.loses(\.lostMessages) { return }
            receive(event)
        }
    }

    package func publish(
        _ message: ByteBuffer, to channel: ChannelName,
        completion: @escaping @Sendable (Result<Int, BackplaneError>) -> Void
    ) {
        guard !faults.withLock({ $0.isAway }) else { return completion(.failure(Self.away)) }
        base.publish(message, to: channel, completion: completion)
    }

    // MARK: Logs

    package func append(
        _ append: LogAppend, completion: @escaping @Sendable (Result<LogAppendOutcome, BackplaneError>) -> Void
    ) {
        guard !faults.withLock({ $0.isAway }) else { return completion(.failure(Self.away)) }
        appends.withLock { $0.append(append.id) }
        let isAnswerLost = loses(\.lostAnswers)
        base.append(append) { outcome in
            completion(isAnswerLost ? .failure(BackplaneError(.timeout, "lost")) : outcome)
        }
    }

    package func append(_ append: LogAppend, ifLastIs last: LogID?) async throws -> Bool {
        try checkPresence()
        return try await base.append(append, ifLastIs: last)
    }

    package func read(_ log: KeyName, after: LogID?) async throws -> LogPage {
        try checkPresence()
        let page = try await base.read(log, after: after)
        return LogPage(entries: page.entries.filter { !isLost($0) }, isLast: page.isLast)
    }

    package func lastEntry(of log: KeyName) async throws -> LogEntry? {
        try checkPresence()
        return try await base.lastEntry(of: log)
    }

    // MARK: Keys

    package func set(
        _ key: KeyName, to value: ByteBuffer, timeToLive: Duration, onlyIfAbsent: Bool
    ) async throws -> Bool {
        try checkPresence()
        return try await base.set(key, to: value, timeToLive: timeToLive, onlyIfAbsent: onlyIfAbsent)
    }

    package func get(_ key: KeyName) async throws -> ByteBuffer? {
        try checkPresence()
        return try await base.get(key)
    }

    package func expire(_ keys: [KeyName], after timeToLive: Duration) { base.expire(keys, after: timeToLive) }
    package func time() async throws -> Int64 { try await base.time() }

    // MARK: Sets

    package func change(
        _ set: KeyName, add: Set<String>, remove: Set<String>, timeToLive: Duration
    ) async throws {
        try checkPresence()
        try await base.change(set, add: add, remove: remove, timeToLive: timeToLive)
    }

    package func replace(_ set: KeyName, with members: Set<String>, timeToLive: Duration) async throws {
        try checkPresence()
        try await base.replace(set, with: members, timeToLive: timeToLive)
    }

    package func members(of sets: [KeyName]) async throws -> [Set<String>] {
        try checkPresence()
        return try await base.members(of: sets)
    }

    package func memberCounts(of sets: [KeyName]) async throws -> [Int] {
        try checkPresence()
        return try await base.memberCounts(of: sets)
    }

    // MARK: Memberships

    package func enter(
        _ member: String, into set: KeyName, until end: Int64, now: Int64, limit: Int
    ) async throws -> Bool {
        try checkPresence()
        return try await base.enter(member, into: set, until: end, now: now, limit: limit)
    }

    package func leave(_ member: String?, from set: KeyName) async throws {
        try checkPresence()
        try await base.leave(member, from: set)
    }

    package func members(of set: KeyName, now: Int64) async throws -> Set<String> {
        membershipReads.add(1, ordering: .relaxed)
        try checkPresence()
        let members = try await base.members(of: set, now: now)
        while faults.withLock({ $0.holdsMemberships }) { try await Task.sleep(for: .milliseconds(1)) }
        return members
    }

    // MARK: Queues

    package func enqueue(_ item: ByteBuffer, on queue: KeyName) async throws {
        try checkPresence()
        if faults.withLock({ $0.refusesItems }) { throw Self.away }
        if faults.withLock({ $0.losesItems }) { return }
        try await base.enqueue(item, on: queue)
    }

    package func take(
        _ count: Int, from queue: KeyName, consumer: String, wait: Duration?
    ) async throws -> [QueueItem] {
        try checkPresence()
        takes.withLock { $0.append((count, wait)) }
        return try await base.take(count, from: queue, consumer: consumer, wait: wait)
    }

    package func pending(on queue: KeyName, consumer: String) async throws -> [QueueItem] {
        try checkPresence()
        return try await base.pending(on: queue, consumer: consumer)
    }

    package func acknowledge(_ items: [QueueItem.ID], on queue: KeyName) async throws {
        try checkPresence()
        try await base.acknowledge(items, on: queue)
    }

    package func consumers(of queue: KeyName) async throws -> Set<String> {
        try checkPresence()
        return try await base.consumers(of: queue)
    }

    package func claim(
        _ count: Int, from lost: String, for consumer: String, on queue: KeyName
    ) async throws -> [QueueItem] {
        try checkPresence()
        return try await base.claim(count, from: lost, for: consumer, on: queue)
    }

    // MARK: Leases

    package func renewLease(of node: NodeID, count: UInt64, timeToLive: Duration) async throws {
        try checkLeases()
        try await base.renewLease(of: node, count: count, timeToLive: timeToLive)
    }

    package func leases(of nodes: Set<NodeID>?) async throws -> [NodeID: NodeLease] {
        try checkLeases()
        return try await base.leases(of: nodes)
    }

    package var lastDelivery: ContinuousClock.Instant? { base.lastDelivery }

    // MARK: State

    package var isReady: Bool { faults.withLock { !$0.isAway } }

    package func observeState(_ observe: @escaping @Sendable (BackplaneState) -> Void) {
        observers.withLock { $0.append(observe) }
    }
}
