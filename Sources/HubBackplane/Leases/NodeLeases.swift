public import Logging
import NIOConcurrencyHelpers
public import ServiceLifecycle
import Synchronization

/// The lease of this node, and its judgement of others: who holds something for others, such as a stream or a connection,
/// is watched, and judged dead when it is gone.
///
/// A node renews its lease three times per lease time. Another one judges it dead only when, by its own clock, it has read
/// the same lease (or none) for a whole lease time in which its own renewals were all accepted and its own messages came
/// back. So a backplane that is frozen, full, restarted or failed over makes nobody dead. A node whose own lease is
/// overdue must expect to have been judged dead: ``term`` is `nil` then, and another one later.
///
/// Run it as a service behind the backplane and before all that use it; all of a node share one. Only nodes that somebody
/// watches are read.
public final class NodeLeases: Service {
    fileprivate struct Watcher: Sendable {
        let onRenewal: @Sendable () -> Void
        /// `nil` once it was called.
        var onDeath: (@Sendable () -> Void)?
    }

    fileprivate struct State: Sendable {
        var machine: StateMachine
        var watchers: [NodeID: [UInt64: Watcher]] = [:]
        var termObservers: [@Sendable () -> Void] = []
        var lastNumber: UInt64 = 0
    }

    /// The usual lease time.
    public static let defaultLeaseTime = Duration.seconds(3)
    /// How long a lease that is not renewed stays on the backplane, in lease times. Only tidies up: nobody is judged by it.
    public static let leaseTimesToLive = 3

    /// This node.
    public let node: NodeID
    /// After this time without a renewal a node may be judged dead.
    public let leaseTime: Duration

    private let backplane: any Backplane
    private let logger: Logger
    private let state: NIOLockedValueBox<State>
    private let start = ContinuousClock.now
    /// In nanoseconds after `start`. Asked for every chunk that is shown, so it is not behind a lock.
    private let heldUntil = Atomic<Int64>(.min)
    private let currentTerm = Atomic<UInt64>(0)

    /// Creates a lease that is not held yet.
    ///
    /// - Parameters:
    ///   - backplane: Where leases are.
    ///   - node: This node.
    ///   - leaseTime: After this time without a renewal a node may be judged dead; the same on all nodes.
    ///   - logger: Gets nodes that were judged dead, and when this one's lease was overdue.
    public init(
        backplane: any Backplane, node: NodeID, leaseTime: Duration = defaultLeaseTime, logger: Logger
    ) {
        self.backplane = backplane
        self.node = node
        self.leaseTime = leaseTime
        self.logger = logger
        state = NIOLockedValueBox(State(machine: StateMachine(leaseTime: leaseTime)))
    }

    // MARK: This node

    /// The number of the time through which this node has held its lease without a break; `nil` while it is overdue.
    ///
    /// While it is `nil` others may have taken over what this node holds, and with another number than before they may
    /// have done so: then nothing goes on before the backplane has been asked.
    public var term: UInt64? {
        // In this order: who sees the new time that a renewal has won sees its term as well.
        let heldUntil = heldUntil.load(ordering: .acquiring)
        guard nanoseconds(to: .now) < heldUntil else { return nil }
        return currentTerm.load(ordering: .acquiring)
    }

    /// Calls `observe` when a new term has begun: at first, and each time after the lease was overdue.
    public func observeTerm(_ observe: @escaping @Sendable () -> Void) {
        state.withLockedValue { $0.termObservers.append(observe) }
    }

    // MARK: Others

    /// Watches another node until the watch is cancelled.
    ///
    /// - Parameters:
    ///   - onRenewal: Called, on any thread, each time the node is seen to live.
    ///   - onDeath: Called once, on any thread, when the node is judged dead: at once where it was already.
    public func watch(
        _ node: NodeID, onRenewal: @escaping @Sendable () -> Void = {}, onDeath: @escaping @Sendable () -> Void
    ) -> NodeWatch {
        let (number, isDead) = state.withLockedValue { state in
            state.lastNumber += 1
            let isDead = state.machine.isDead(node)
            if node != self.node { state.machine.watch(node) }
            state.watchers[node, default: [:]][state.lastNumber] = Watcher(
                onRenewal: onRenewal, onDeath: isDead ? nil : onDeath)
            return (state.lastNumber, isDead)
        }
        if isDead { onDeath() }
        return NodeWatch { [weak self] in self?.unwatch(node, number) }
    }

    /// Whether a node that is watched was not judged dead; one that nobody watches is taken to live.
    public func isAlive(_ node: NodeID) -> Bool { !state.withLockedValue { $0.machine.isDead(node) } }

    /// Watches a node until it is seen to live or is judged dead, which takes about a lease time, or as long as the backplane
    /// is away. A cancelled wait ends with `false`.
    public func judgesDead(_ node: NodeID) async -> Bool {
        if node == self.node { return false }
        let (verdicts, verdict) = AsyncStream.makeStream(of: Bool.self, bufferingPolicy: .bufferingOldest(1))
        let watch = watch(node, onRenewal: { verdict.yield(false) }, onDeath: { verdict.yield(true) })
        defer { watch.cancel() }
        for await isDead in verdicts { return isDead }
        return false
    }

    /// The leases of all nodes that have one and were not judged dead, this one's included. A node that has died a moment
    /// ago and that nobody watched is among them.
    public func nodes() async throws -> [NodeID: NodeLease] {
        let leases = try await backplane.leases(of: nil)
        return state.withLockedValue { state in leases.filter { !state.machine.isDead($0.key) } }
    }

    private func unwatch(_ node: NodeID, _ number: UInt64) {
        state.withLockedValue { state in
            state.watchers[node]?[number] = nil
            guard state.watchers[node]?.isEmpty == true else { return }
            state.watchers[node] = nil
            state.machine.unwatch(node)
        }
    }

    // MARK: Running

    /// Holds the lease until the service is shut down or cancelled.
    public func run() async throws {
        await cancelWhenGracefulShutdown { await self.hold() }
    }

    /// Holds the lease until the task is cancelled, through a graceful shutdown.
    package func hold() async {
        backplane.observeState { [weak self] _ in
            // Others have to see at once that this node is resubscribing.
            Task { await self?.renew() }
        }
        var isRenewalDue = true
        var next = ContinuousClock.now
        while !Task.isCancelled {
            if isRenewalDue { await renew() }
            isRenewalDue.toggle()
            await readWatched()
            next = max(next + leaseTime / 6, .now)
            try? await Task.sleep(until: next, tolerance: .zero, clock: .continuous)
        }
    }

    private func renew() async {
        let sentAt = ContinuousClock.now
        let count = state.withLockedValue { $0.machine.nextCount() }
        do {
            try await backplane.renewLease(
                of: node, count: count, timeToLive: leaseTime * Self.leaseTimesToLive)
        } catch {
            return state.withLockedValue { $0.machine.restartJudging() }
        }
        let (term, observers) = state.withLockedValue { state -> (UInt64?, [@Sendable () -> Void]) in
            let isNew = state.machine.renewed(sentAt: sentAt, now: .now)
            if isNew { currentTerm.store(state.machine.term, ordering: .releasing) }
            if let instant = state.machine.heldUntil { heldUntil.store(nanoseconds(to: instant), ordering: .releasing) }
            return isNew ? (state.machine.term, state.termObservers) : (nil, [])
        }
        guard let term else { return }
        if term > 1 { logger.notice("The lease was overdue and is held again", metadata: ["term": "\(term)"]) }
        for observe in observers { observe() }
    }

    private func readWatched() async {
        let watched = state.withLockedValue { $0.machine.watched }
        guard !watched.isEmpty else { return }
        let sentAt = ContinuousClock.now
        // A node that hears nothing cannot tell whether others are to be heard.
        guard backplane.isReady, let leases = try? await backplane.leases(of: watched) else {
            return state.withLockedValue { $0.machine.restartJudging() }
        }
        let receivedAt = ContinuousClock.now
        let (dead, calls) = state.withLockedValue { state in
            let (dead, alive) = state.machine.read(
                leases, sentAt: sentAt, receivedAt: receivedAt, lastDelivery: backplane.lastDelivery)
            let onRenewals = alive.flatMap { state.watchers[$0]?.values.map(\.onRenewal) ?? [] }
            return (dead, onRenewals + dead.flatMap { state.takeOnDeaths(of: $0) })
        }
        for node in dead { logger.notice("A node was judged dead", metadata: ["dead": "\(node)"]) }
        for call in calls { call() }
    }

    private func nanoseconds(to instant: ContinuousClock.Instant) -> Int64 {
        Int64(clamping: start.duration(to: instant).attoseconds / 1_000_000_000)
    }
}

extension NodeLeases.State {
    /// Each watcher is told once; the node stays watched until all watches are cancelled.
    fileprivate mutating func takeOnDeaths(of node: NodeID) -> [@Sendable () -> Void] {
        (watchers[node] ?? [:]).keys.compactMap { number in
            watchers[node]?[number]?.onDeath.take()
        }
    }
}
