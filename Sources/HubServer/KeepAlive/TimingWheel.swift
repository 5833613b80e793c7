/// Wakes many entries at whole ticks, at no cost while nothing is due: a ring of buckets, one per tick.
///
/// Confined to its event loop, like its entries.
struct TimingWheel<Entry: TimingWheelEntry> {
    private var buckets: [[Entry]]
    private(set) var now: Tick = 0
    private(set) var count = 0

    /// - Parameter size: How many ticks ahead an entry can be woken; it is woken then where its time is later.
    init(size: Int) { buckets = Array(repeating: [], count: size) }

    /// Puts an entry in, or to another time. A time that has come is the next tick.
    mutating func schedule(_ entry: Entry, at tick: Tick) {
        remove(entry)
        let delay = min(max(tick, now + 1) - now, Tick(buckets.count - 1))
        let bucket = Int(now + delay) % buckets.count
        entry.wheelPosition = TimingWheelPosition(bucket: bucket, index: buckets[bucket].count)
        buckets[bucket].append(entry)
        count += 1
    }

    /// Does nothing where the entry is not in.
    mutating func remove(_ entry: Entry) {
        guard let position = entry.wheelPosition else { return }
        entry.wheelPosition = nil
        count -= 1
        guard let last = buckets[position.bucket].popLast(), last !== entry else { return }
        // The last one takes the place, so that nothing moves but it.
        buckets[position.bucket][position.index] = last
        last.wheelPosition = position
    }

    /// Goes one tick on.
    ///
    /// - Returns: The entries whose time has come; they are out.
    mutating func advance() -> [Entry] {
        now += 1
        let bucket = Int(now) % buckets.count
        let due = buckets[bucket]
        guard !due.isEmpty else { return [] }
        buckets[bucket] = []
        count -= due.count
        for entry in due { entry.wheelPosition = nil }
        return due
    }

    var all: [Entry] { buckets.flatMap { $0 } }
}

/// A point in time, counted in ticks of a wheel.
typealias Tick = UInt32

extension Tick {
    /// The tick that many later, or the last one that there is: a time that long never comes.
    func adding(_ ticks: Tick) -> Tick {
        let (sum, isBeyond) = addingReportingOverflow(ticks)
        return isBeyond ? .max : sum
    }

    /// As many ticks as can be counted.
    init(saturating ticks: Double) { self = Tick(Swift.min(Swift.max(0, ticks), Double(Tick.max))) }
}

/// What a ``TimingWheel`` holds: it remembers its place, so that it can be taken out at once.
protocol TimingWheelEntry: AnyObject {
    var wheelPosition: TimingWheelPosition? { get set }
}

/// The place of an entry in its wheel.
struct TimingWheelPosition {
    private let packedBucket: UInt32
    private let packedIndex: UInt32

    init(bucket: Int, index: Int) {
        packedBucket = UInt32(bucket)
        packedIndex = UInt32(index)
    }

    var bucket: Int { Int(packedBucket) }
    var index: Int { Int(packedIndex) }
}
