public import NIOCore

/// What carries messages between nodes: channels, logs, queues and keys with a time to live.
///
/// There are two implementations, held to one conformance suite: ``InMemoryBackplane`` for a single node, and the Redis
/// one of `HubBackplaneRedis`. A channel is fast and forgetful; a log is the truth. Whoever must not miss a message
/// subscribes, waits for the confirmation, and then reads the log.
///
/// Completions and receivers run on a thread of the backplane and must not block.
public protocol Backplane: Sendable {
    // MARK: Channels

    /// Subscribes to a channel; returns when the subscription is confirmed.
    ///
    /// - Parameters:
    ///   - channel: The channel. Several subscriptions of one node to one channel are allowed.
    ///   - receive: Called in order for every event of the channel.
    /// - Throws: ``BackplaneError`` when the subscription could not be confirmed; nothing stays subscribed then.
    func subscribe(
        to channel: ChannelName, receive: @escaping @Sendable (SubscriptionEvent) -> Void
    ) async throws -> ChannelSubscription

    /// Publishes a message.
    ///
    /// - Parameter completion: Gets the number of nodes that were subscribed, a hint only: zero may be a node that is
    ///   just resubscribing, one may be a node that is dead.
    func publish(
        _ message: ByteBuffer, to channel: ChannelName,
        completion: @escaping @Sendable (Result<Int, BackplaneError>) -> Void)

    // MARK: Logs

    /// Appends an entry to a log, and publishes its payload on the channel and to the followers, in this order, without
    /// waiting in between.
    ///
    /// The payload is published even where the log refuses the entry.
    func append(
        _ append: LogAppend, completion: @escaping @Sendable (Result<LogAppendOutcome, BackplaneError>) -> Void)

    /// Appends and publishes as one atomic step, but only while the log's last id is the one given.
    ///
    /// - Parameter last: The last id the caller has read, `nil` for a log that does not exist.
    /// - Returns: Whether the entry was written.
    func append(_ append: LogAppend, ifLastIs last: LogID?) async throws -> Bool

    /// Reads a page of a log: the entries after an id, oldest first.
    ///
    /// - Parameter after: `nil` reads from the beginning.
    /// - Returns: At most ``LogPage/limit`` entries; ``LogPage/isLast`` tells whether the log's end was reached.
    func read(_ log: KeyName, after: LogID?) async throws -> LogPage

    /// The last entry of a log, `nil` where the log is empty or does not exist.
    func lastEntry(of log: KeyName) async throws -> LogEntry?

    // MARK: Keys

    /// Sets a key.
    ///
    /// - Returns: `false` when `onlyIfAbsent` was asked for and the key exists.
    func set(_ key: KeyName, to value: ByteBuffer, timeToLive: Duration, onlyIfAbsent: Bool) async throws -> Bool

    /// The value of a key, `nil` when it does not exist.
    func get(_ key: KeyName) async throws -> ByteBuffer?

    /// Renews the time to live of keys that exist. Does not wait; a failure shows in the commands that follow.
    func expire(_ keys: [KeyName], after timeToLive: Duration)

    /// The backplane's clock, in milliseconds since 1970: the one clock that all nodes share.
    func time() async throws -> Int64

    // MARK: Sets

    /// Adds members to a set and removes others; a set without members does not exist.
    func change(_ set: KeyName, add: Set<String>, remove: Set<String>, timeToLive: Duration) async throws

    /// Makes a set have these members and no others, in one step.
    func replace(_ set: KeyName, with members: Set<String>, timeToLive: Duration) async throws

    /// The members of sets, as many results as sets.
    func members(of sets: [KeyName]) async throws -> [Set<String>]

    /// How many members sets have, as many results as sets.
    func memberCounts(of sets: [KeyName]) async throws -> [Int]

    // MARK: Memberships

    /// Makes a member belong to a set until a time; another time replaces an earlier one.
    ///
    /// - Parameters:
    ///   - end: In milliseconds since 1970, of the backplane's clock.
    ///   - now: The time by that clock. Members whose time is over leave.
    ///   - limit: How many may belong to the set. Of those that enter at the same moment never more are let in than there is
    ///     place for.
    /// - Returns: `false` where there is no place for another one.
    func enter(_ member: String, into set: KeyName, until end: Int64, now: Int64, limit: Int) async throws -> Bool

    /// Makes a member, or all for `nil`, belong to a set no more.
    func leave(_ member: String?, from set: KeyName) async throws

    /// The members that belong to a set at a time.
    func members(of set: KeyName, now: Int64) async throws -> Set<String>

    // MARK: Queues

    /// Puts an item into a queue.
    func enqueue(_ item: ByteBuffer, on queue: KeyName) async throws

    /// Takes items that no other consumer of the group has taken.
    ///
    /// - Parameters:
    ///   - count: How many at most.
    ///   - consumer: The node that takes them; the items stay pending under its name until ``acknowledge(_:on:)``.
    ///   - wait: How long to wait for the first item; `nil` returns at once. A cancelled wait ends within two seconds,
    ///     with what it has taken by then.
    func take(_ count: Int, from queue: KeyName, consumer: String, wait: Duration?) async throws -> [QueueItem]

    /// The items this consumer took and did not acknowledge: read first after every reconnect, since Redis may have
    /// handed them to a connection that was already dead.
    func pending(on queue: KeyName, consumer: String) async throws -> [QueueItem]

    /// Removes taken items from the queue for good.
    func acknowledge(_ items: [QueueItem.ID], on queue: KeyName) async throws

    /// All consumers that have taken from a queue and were not forgotten.
    func consumers(of queue: KeyName) async throws -> Set<String>

    /// Takes items that a lost consumer has taken and not acknowledged; where there are none, that consumer is forgotten.
    ///
    /// An item that somebody has claimed within the last second is left to that one.
    ///
    /// - Parameters:
    ///   - count: How many at most.
    ///   - lost: A consumer that is known not to run any more, not one that is only slow.
    ///   - consumer: Under whose name the items are pending from now on.
    func claim(_ count: Int, from lost: String, for consumer: String, on queue: KeyName) async throws -> [QueueItem]

    // MARK: Leases

    /// Writes down that a node lives, and whether it is resubscribing. Never waits behind appends or reads.
    ///
    /// - Parameters:
    ///   - count: Greater than that of the renewal before.
    ///   - timeToLive: When the lease is removed unless it is renewed.
    func renewLease(of node: NodeID, count: UInt64, timeToLive: Duration) async throws

    /// The leases of some nodes, of all that have one for `nil`. Never waits behind appends or reads.
    func leases(of nodes: Set<NodeID>?) async throws -> [NodeID: NodeLease]

    /// When a message that this node published for itself last came back, `nil` where none has: live delivery worked then.
    var lastDelivery: ContinuousClock.Instant? { get }

    // MARK: State

    /// Whether commands and live delivery work right now.
    var isReady: Bool { get }

    /// Calls `observe` with each change of state. After ``BackplaneState/ready`` everything subscribed is subscribed
    /// again, and data may have been lost: what must be there has to be compared with the log.
    func observeState(_ observe: @escaping @Sendable (BackplaneState) -> Void)
}

/// Whether a backplane can be used.
public enum BackplaneState: Sendable, Equatable {
    /// Commands and live delivery work. Sent after every (re)connect.
    case ready
    /// Commands fail with ``BackplaneError/Code/unavailable`` until the next ``ready``.
    case away
}

extension Backplane {
    /// Publishes a message and waits for the number of nodes that were subscribed.
    public func publish(_ message: ByteBuffer, to channel: ChannelName) async throws -> Int {
        try await withCheckedThrowingContinuation { continuation in
            publish(message, to: channel) { continuation.resume(with: $0) }
        }
    }

    /// Appends an entry to a log, publishes its payload, and waits for the outcome.
    public func append(_ append: LogAppend) async throws -> LogAppendOutcome {
        try await withCheckedThrowingContinuation { continuation in
            self.append(append) { continuation.resume(with: $0) }
        }
    }
}
