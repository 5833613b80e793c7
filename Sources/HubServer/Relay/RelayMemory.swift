import DequeModule

/// What is remembered for a time. A value without a clock.
struct RelayMemory<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private var values: [Key: (value: Value, until: ContinuousClock.Instant)] = [:]
    private var expirations: Deque<(key: Key, at: ContinuousClock.Instant)> = []

    var isEmpty: Bool { values.isEmpty }

    subscript(key: Key) -> Value? { values[key]?.value }

    /// Remembers a value, in place of the one that was remembered for the key.
    mutating func remember(_ value: Value, for key: Key, until instant: ContinuousClock.Instant) {
        if values.updateValue((value, instant), forKey: key) == nil { expirations.append((key, instant)) }
    }

    mutating func forget(at now: ContinuousClock.Instant) {
        while let first = expirations.first, first.at <= now {
            expirations.removeFirst()
            guard let until = values[first.key]?.until, until > now else {
                values[first.key] = nil
                continue
            }
            expirations.append((first.key, until))
        }
        if expirations.isEmpty { self = RelayMemory() }
    }
}
