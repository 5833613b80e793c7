import NIOCore

/// What waits to be written to one client. A value without I/O; the connection keeps it behind a lock.
struct Outbox: ~Copyable {
    enum Item: Sendable {
        /// One or several framed hub messages.
        case message(ByteBuffer)
        case source(any OutboxSource)
    }

    enum Enqueued: Equatable {
        /// The connection must be put on its event loop's drain list.
        case needsDrain
        /// It is there already.
        case waiting
        /// Nothing is taken any more.
        case ended
        /// The client is too slow: more waits than may. Nothing is taken any more.
        case overflow
    }

    private enum Phase { case open, ended }

    private var items = OutboxQueue()
    private var phase = Phase.open
    /// Whether the connection is on the drain list, or waits for its transport to become writable.
    private var isDrainPending = false
    private var isBlocked = false
    private var toldBytes = 0
    private let maximumSize: Int
    /// The bytes of messages that were enqueued and not yet written; what sources hold does not count.
    private(set) var waitingBytes = 0
    private var waiters = OutboxWaiters()

    init(maximumSize: Int) { self.maximumSize = maximumSize }

    mutating func enqueue(_ item: Item) -> Enqueued {
        guard phase == .open else { return .ended }
        if case .message(let bytes) = item {
            waitingBytes += bytes.readableBytes
            guard waitingBytes <= maximumSize else {
                phase = .ended
                return .overflow
            }
        }
        items.append(item)
        if isDrainPending { return .waiting }
        isDrainPending = true
        return .needsDrain
    }

    /// Moves what waits to the end of `pending`.
    mutating func take(into pending: inout OutboxQueue) { items.move(to: &pending) }

    struct Settled {
        /// Whether nothing has to be done until something is enqueued, or the transport becomes writable.
        let isDone: Bool
        let blockedBytes: Int
        /// Who waited for room and has it now.
        let admitted: [CheckedContinuation<Void, Never>]
    }

    /// What was taken has been written, or as much of it as the transport takes.
    mutating func settle(wrote bytes: Int, isBlocked: Bool) -> Settled {
        waitingBytes -= bytes
        // Where it is blocked, the transport's next sign starts the next drain.
        isDrainPending = isBlocked || !items.isEmpty
        self.isBlocked = isBlocked
        return Settled(
            isDone: isBlocked || items.isEmpty, blockedBytes: takeBlockedBytes(),
            admitted: waitingBytes <= Self.lowWaterMark ? waiters.take(for: .room) : [])
    }

    /// How many more bytes of messages wait for the transport than when this was asked last, or how many less.
    mutating func takeBlockedBytes() -> Int {
        let now = isBlocked ? waitingBytes : 0
        defer { toldBytes = now }
        return now - toldBytes
    }

    /// From now on nothing is taken.
    ///
    /// - Returns: Who waited for the end, and who waited for room and will not be let in.
    mutating func end() -> [CheckedContinuation<Void, Never>] {
        phase = .ended
        isBlocked = false
        return waiters.takeAll()
    }
}

// MARK: Waiting

extension Outbox {
    /// Above this many waiting bytes, whoever can wait is made to.
    private static let highWaterMark = 64 * 1024
    /// At this many they go on.
    private static let lowWaterMark = 32 * 1024

    /// What can be waited for.
    enum Awaited { case room, end }

    var hasEnded: Bool { phase == .ended }

    func isThere(_ awaited: Awaited) -> Bool {
        switch awaited {
        case .room: hasEnded || waitingBytes <= Self.highWaterMark
        case .end: hasEnded
        }
    }

    mutating func addWaiter(_ waiter: CheckedContinuation<Void, Never>, for awaited: Awaited) -> OutboxWaiters.ID {
        waiters.add(waiter, for: awaited)
    }

    mutating func removeWaiter(_ id: OutboxWaiters.ID) -> CheckedContinuation<Void, Never>? { waiters.remove(id) }
}

/// Tasks that wait for room in an outbox, or for its end.
struct OutboxWaiters {
    typealias ID = UInt64

    private var waiters: [ID: (awaited: Outbox.Awaited, waiter: CheckedContinuation<Void, Never>)] = [:]
    private var lastID: ID = 0

    mutating func add(_ waiter: CheckedContinuation<Void, Never>, for awaited: Outbox.Awaited) -> ID {
        lastID += 1
        waiters[lastID] = (awaited, waiter)
        return lastID
    }

    mutating func remove(_ id: ID) -> CheckedContinuation<Void, Never>? { waiters.removeValue(forKey: id)?.waiter }

    mutating func take(for awaited: Outbox.Awaited) -> [CheckedContinuation<Void, Never>] {
        // Asked after each drain, mostly in vain.
        guard !waiters.isEmpty, waiters.values.contains(where: { $0.awaited == awaited }) else { return [] }
        let taken = waiters.filter { $0.value.awaited == awaited }
        for id in taken.keys { waiters[id] = nil }
        return taken.values.map(\.waiter)
    }

    mutating func takeAll() -> [CheckedContinuation<Void, Never>] {
        defer { waiters = [:] }
        return waiters.values.map(\.waiter)
    }
}
