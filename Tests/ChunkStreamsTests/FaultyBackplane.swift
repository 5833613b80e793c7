import HubBackplane
import HubTesting
import NIOCore
import Synchronization

/// A backplane that misbehaves as a real one does: it loses live messages, answers late, forgets logs, goes away.
final class FaultyBackplane: Backplane {
    struct Faults: Sendable {
        /// Loses this share of the published messages.
        var lostMessages = 0.0
        /// Loses this share of the answers to appends, after they took effect.
        var lostAnswers = 0.0
        /// Nothing can be done.
        var isAway = false
        var random = SeededGenerator(seed: 1)
    }

    private let base: InMemoryBackplane
    private let faults: Mutex<Faults>
    private let observers = Mutex<[@Sendable (BackplaneState) -> Void]>([])
    let appends = Mutex<[LogID]>([])

    init(base: InMemoryBackplane = InMemoryBackplane(), faults: Faults = Faults()) {
        self.base = base
        self.faults = Mutex(faults)
    }

    func setAway(_ isAway: Bool) {
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

    func subscribe(
        to channel: ChannelName, receive: @escaping @Sendable (SubscriptionEvent) -> Void
    ) async throws -> ChannelSubscription {
        try checkPresence()
        return try await base.subscribe(to: channel) { event in
            if case .message = event, self.loses(\.lostMessages) { return }
            receive(event)
        }
    }

    func publish(
        _ message: ByteBuffer, to channel: ChannelName,
        completion: @escaping @Sendable (Result<Int, BackplaneError>) -> Void
    ) {
        guard !faults.withLock({ $0.isAway }) else { return completion(.failure(Self.away)) }
        base.publish(message, to: channel, completion: completion)
    }

    func append(_ append: LogAppend, completion: @escaping @Sendable (Result<LogAppendOutcome, BackplaneError>) -> Void)
    {
        guard !faults.withLock({ $0.isAway }) else { return completion(.failure(Self.away)) }
        appends.withLock { $0.append(append.id) }
        let isAnswerLost = loses(\.lostAnswers)
        base.append(append) { outcome in
            completion(isAnswerLost ? .failure(BackplaneError(.timeout, "lost")) : outcome)
        }
    }

    func append(_ append: LogAppend, ifLastIs last: LogID?) async throws -> Bool {
        try checkPresence()
        return try await base.append(append, ifLastIs: last)
    }

    func read(_ log: KeyName, after: LogID?) async throws -> LogPage {
        try checkPresence()
        return try await base.read(log, after: after)
    }

    func lastEntry(of log: KeyName) async throws -> LogEntry? {
        try checkPresence()
        return try await base.lastEntry(of: log)
    }

    func set(_ key: KeyName, to value: ByteBuffer, timeToLive: Duration, onlyIfAbsent: Bool) async throws -> Bool {
        try checkPresence()
        return try await base.set(key, to: value, timeToLive: timeToLive, onlyIfAbsent: onlyIfAbsent)
    }

    func get(_ key: KeyName) async throws -> ByteBuffer? {
        try checkPresence()
        return try await base.get(key)
    }

    func expire(_ keys: [KeyName], after timeToLive: Duration) { base.expire(keys, after: timeToLive) }
    func time() async throws -> Int64 { try await base.time() }
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
    var isReady: Bool { faults.withLock { !$0.isAway } }
    func observeState(_ observe: @escaping @Sendable (BackplaneState) -> Void) {
        observers.withLock { $0.append(observe) }
    }
}
