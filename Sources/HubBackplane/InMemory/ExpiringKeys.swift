import DequeModule

/// Keys with a time to live.
///
/// A key that is overdue is absent at once; its memory is freed when the sweep, which looks at a few keys with every
/// change, comes to it.
struct ExpiringKeys<Value: Sendable>: Sendable {
    private struct Slot {
        var value: Value
        var expiresAt: ContinuousClock.Instant?

        func isAlive(at now: ContinuousClock.Instant) -> Bool { expiresAt.map { $0 > now } ?? true }
    }

    private static var keysPerSweep: Int { 4 }

    private var slots: [KeyName: Slot] = [:]
    /// Every key of `slots` once, in the order in which the sweep looks at them.
    private var order: Deque<KeyName> = []

    /// How many keys are held, overdue ones included.
    var count: Int { slots.count }

    func value(of key: KeyName, at now: ContinuousClock.Instant) -> Value? {
        guard let slot = slots[key], slot.isAlive(at: now) else { return nil }
        return slot.value
    }

    /// All keys that exist.
    func keys(at now: ContinuousClock.Instant) -> [KeyName] {
        slots.compactMap { key, slot in slot.isAlive(at: now) ? key : nil }
    }

    /// Sets a key; without a time to live it stays for good.
    mutating func set(_ key: KeyName, to value: Value, timeToLive: Duration?, at now: ContinuousClock.Instant) {
        sweep(at: now)
        if slots.updateValue(Slot(value: value, expiresAt: timeToLive.map { now + $0 }), forKey: key) == nil {
            order.append(key)
        }
    }

    /// Changes the value of a key in place.
    ///
    /// - Returns: What `change` returned, `nil` when the key does not exist.
    mutating func update<Result>(
        _ key: KeyName, at now: ContinuousClock.Instant, _ change: (inout Value) -> Result
    ) -> Result? {
        guard let index = slots.index(forKey: key), slots.values[index].isAlive(at: now) else { return nil }
        return change(&slots.values[index].value)
    }

    /// Removes a key; what is left of it goes with the sweep.
    mutating func remove(_ key: KeyName, at now: ContinuousClock.Instant) {
        expire(key, after: .zero, at: now)
    }

    /// Gives a key that exists a new time to live.
    mutating func expire(_ key: KeyName, after timeToLive: Duration, at now: ContinuousClock.Instant) {
        guard let index = slots.index(forKey: key), slots.values[index].isAlive(at: now) else { return }
        slots.values[index].expiresAt = now + timeToLive
    }

    private mutating func sweep(at now: ContinuousClock.Instant) {
        for _ in 0..<min(Self.keysPerSweep, order.count) {
            guard let key = order.popFirst() else { return }
            if slots[key]?.isAlive(at: now) == true {
                order.append(key)
            } else {
                slots[key] = nil
            }
        }
    }
}
