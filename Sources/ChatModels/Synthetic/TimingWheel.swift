/// Values that become due at ticks of a clock: adding one and taking the due ones out cost the same however many wait.
///
/// A value lies in the slot of its tick modulo the number of slots, so none may be due later than a round from now.
struct TimingWheel<Value> {
    /// Ticks in a round.
    static var round: UInt64 { 256 }

    private var slots = [[Value]](repeating: [], count: Int(round))
    /// All ticks up to this one have been served.
    private var served: UInt64 = 0
    private var count = 0

    /// - Parameters:
    ///   - tick: When the value is due. The next tick instead when that one has been served, the last of the round when it
    ///     lies beyond it.
    ///   - now: The tick that the clock is in.
    /// - Returns: The tick in which the value will be due.
    mutating func add(_ value: Value, at tick: UInt64, now: UInt64) -> UInt64 {
        if count == 0, now > served {
            served = now - 1
        }
        let tick = min(max(tick, served + 1), served + Self.round)
        slots[Self.slot(tick)].append(value)
        count += 1
        return tick
    }

    /// Appends everything that is due at `tick` or before, earlier ticks first.
    mutating func advance(to tick: UInt64, into due: inout [Value]) {
        guard tick > served else { return }
        let before = due.count
        for tick in served + 1...min(tick, served + Self.round) {
            let slot = Self.slot(tick)
            due.append(contentsOf: slots[slot])
            slots[slot].removeAll(keepingCapacity: true)
        }
        count -= due.count - before
        served = tick
    }

    /// The next tick in which something is due, nil when the wheel is empty.
    var nextTick: UInt64? {
        guard count > 0 else { return nil }
        var tick = served + 1
        while slots[Self.slot(tick)].isEmpty {
            tick += 1
        }
        return tick
    }

    private static func slot(_ tick: UInt64) -> Int {
        Int(truncatingIfNeeded: tick % round)
    }
}
