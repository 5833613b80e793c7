import DequeModule

/// What is remembered for a time. A value without a clock.
struct RelayMemory<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private var values: [Key: Value] = [:]
    private var expirations: Deque<(key: Key, at: ContinuousClock.Instant)> = []

    var isEmpty: Bool { values.isEmpty }

    subscript(key: Key) -> Value? { values[key] }

    /// Remembers a value, or another one for the same key: for as long as the first then.
    mutating func remember(_ value: Value, for key: Key, until instant: ContinuousClock.Instant) {
        if values.updateValue(value, forKey: key) == nil { expirations.append((key, instant)) }
    }

    mutating func forget(at now: ContinuousClock.Instant) {
        while let first = expirations.first, first.at <= now {
            expirations.removeFirst()
            values[first.key] = nil
        }
        if expirations.isEmpty { self = RelayMemory() }
    }
}
