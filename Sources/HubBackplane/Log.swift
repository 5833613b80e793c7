public import NIOCore

/// The id of a log entry: `EPOCH-SEQ`, growing within a log (a Redis Streams id).
public struct LogID: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The writer's time on the stream, from 1.
    public var epoch: UInt64
    /// The last chunk that the entry holds.
    public var seq: UInt64

    /// Creates an id.
    public init(epoch: UInt64, seq: UInt64) {
        self.epoch = epoch
        self.seq = seq
    }

    public static func < (left: LogID, right: LogID) -> Bool {
        (left.epoch, left.seq) < (right.epoch, right.seq)
    }

    public var description: String { "\(epoch)-\(seq)" }
}

/// One entry of a log.
public struct LogEntry: Sendable, Equatable {
    /// Its place in the log.
    public let id: LogID
    /// What was appended.
    public let payload: ByteBuffer

    /// Creates an entry.
    public init(id: LogID, payload: ByteBuffer) {
        self.id = id
        self.payload = payload
    }
}

/// A piece of a log, read in order.
public struct LogPage: Sendable {
    /// The most entries of one page.
    public static let limit = 128

    /// The entries, oldest first.
    public let entries: [LogEntry]
    /// Whether the log ended with this page when it was read. A full page is never the last; an empty one may follow.
    public let isLast: Bool

    /// Creates a page.
    public init(entries: [LogEntry], isLast: Bool) {
        self.entries = entries
        self.isLast = isLast
    }
}

/// A node that has asked to be told what is appended to a log.
///
/// It gets the entries of all logs that it follows on one channel of its own (``BackplaneNames/feed(of:)``), those that are
/// appended at about the same time in one message of the backplane.
public struct LogFollower: Sendable, Equatable {
    /// The node's channel.
    public let channel: ChannelName
    /// What the node knows the log by: it stands in front of each payload, eight bytes, big-endian.
    public let tag: UInt64

    /// Creates a follower.
    public init(channel: ChannelName, tag: UInt64) {
        self.channel = channel
        self.tag = tag
    }
}

/// An entry to be appended to a log, and who is told of it.
public struct LogAppend: Sendable {
    public let log: KeyName
    /// The channel on which it is published.
    public let channel: ChannelName?
    /// The nodes that are told as well. Those of ``Backplane/append(_:ifLastIs:)`` are not.
    public let followers: [LogFollower]
    public let id: LogID
    public let payload: ByteBuffer
    /// Whether the entry may create the log. Only an opening entry may: an append to a log that has expired must not
    /// bring it back with its beginning missing.
    public let creates: Bool
    /// Where given, the log's time to live is set in the same go.
    public let timeToLive: Duration?
    /// How many entries the log keeps, the last ones; `nil` for all.
    public let keeping: Int?

    /// Creates an append.
    public init(
        log: KeyName, channel: ChannelName?, followers: [LogFollower] = [], id: LogID, payload: ByteBuffer,
        creates: Bool = false, timeToLive: Duration? = nil, keeping: Int? = nil
    ) {
        self.log = log
        self.channel = channel
        self.followers = followers
        self.id = id
        self.payload = payload
        self.creates = creates
        self.timeToLive = timeToLive
        self.keeping = keeping
    }
}

/// What became of an append.
public enum LogAppendOutcome: Sendable, Equatable {
    /// It is in the log.
    case accepted
    /// The log already has this id or a higher one: either the entry itself (a repeat), or another writer's.
    case refused
    /// The log does not exist, and the entry was not one that may create it.
    case missing
}
