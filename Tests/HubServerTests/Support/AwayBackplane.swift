import HubBackplane
import NIOCore
import Synchronization

/// A backplane that can go away and come back.
final class AwayBackplane: Backplane {
    private struct State {
        var isReady = true
        var observers: [@Sendable (BackplaneState) -> Void] = []
    }

    private let inner = InMemoryBackplane()
    private let state = Mutex(State())
    private let away = BackplaneError(.unavailable, "away")

    func set(ready: Bool) {
        let observers = state.withLock { state in
            state.isReady = ready
            return state.observers
        }
        for observe in observers { observe(ready ? .ready : .away) }
    }

    var isReady: Bool { state.withLock { $0.isReady } }

    func observeState(_ observe: @escaping @Sendable (BackplaneState) -> Void) {
        state.withLock { $0.observers.append(observe) }
    }

    private func check() throws { if !isReady { throw away } }

    func subscribe(
        to channel: ChannelName, receive: @escaping @Sendable (SubscriptionEvent) -> Void
    ) async throws -> ChannelSubscription {
        try check()
        return try await inner.subscribe(to: channel, receive: receive)
    }

    func publish(
        _ message: ByteBuffer, to channel: ChannelName,
        completion: @escaping @Sendable (Result<Int, BackplaneError>) -> Void
    ) {
        guard isReady else { return completion(.failure(away)) }
        inner.publish(message, to: channel, completion: completion)
    }

    func append(
        _ append: LogAppend, completion: @escaping @Sendable (Result<LogAppendOutcome, BackplaneError>) -> Void
    ) { inner.append(append, completion: completion) }

    func append(_ append: LogAppend, ifLastIs last: LogID?) async throws -> Bool {
        try await inner.append(append, ifLastIs: last)
    }

    func read(_ log: KeyName, after: LogID?) async throws -> LogPage { try await inner.read(log, after: after) }
    func lastEntry(of log: KeyName) async throws -> LogEntry? { try await inner.lastEntry(of: log) }

    func set(_ key: KeyName, to value: ByteBuffer, timeToLive: Duration, onlyIfAbsent: Bool) async throws -> Bool {
        try check()
        return try await inner.set(key, to: value, timeToLive: timeToLive, onlyIfAbsent: onlyIfAbsent)
    }

    func get(_ key: KeyName) async throws -> ByteBuffer? { try await inner.get(key) }
    func expire(_ keys: [KeyName], after timeToLive: Duration) { inner.expire(keys, after: timeToLive) }
    func time() async throws -> Int64 { try await inner.time() }
    func enqueue(_ item: ByteBuffer, on queue: KeyName) async throws { try await inner.enqueue(item, on: queue) }

    func take(_ count: Int, from queue: KeyName, consumer: String, wait: Duration?) async throws -> [QueueItem] {
        try await inner.take(count, from: queue, consumer: consumer, wait: wait)
    }

    func pending(on queue: KeyName, consumer: String) async throws -> [QueueItem] {
        try await inner.pending(on: queue, consumer: consumer)
    }

    func acknowledge(_ items: [QueueItem.ID], on queue: KeyName) async throws {
        try await inner.acknowledge(items, on: queue)
    }
}
