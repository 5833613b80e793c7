/// The name of a channel on the backplane.
public struct ChannelName: Hashable, Sendable, CustomStringConvertible {
    public let rawValue: String
    /// Whether a node that listens no more is unsubscribed at once, not after a while: whoever publishes to the channel must
    /// not think for long that somebody is there, and wait for an answer.
    package let isLeftAtOnce: Bool
    /// Whether it carries what is appended to the logs that a node follows. Only ``LogAppend/followers`` are told there.
    package let isFeed: Bool

    package init(_ rawValue: String, isLeftAtOnce: Bool = false, isFeed: Bool = false) {
        self.rawValue = rawValue
        self.isLeftAtOnce = isLeftAtOnce
        self.isFeed = isFeed
    }

    public var description: String { rawValue }
}

/// The name of a key on the backplane.
public struct KeyName: Hashable, Sendable, CustomStringConvertible {
    public let rawValue: String
    package init(_ rawValue: String) { self.rawValue = rawValue }
    public var description: String { rawValue }
}

/// The random name of a node: one running server process.
public struct NodeID: Hashable, Sendable, CustomStringConvertible {
    public let rawValue: String

    /// A name of 64 random bits.
    public init() {
        let digits = String(UInt64.random(in: .min ... .max), radix: 16)
        rawValue = String(repeating: "0", count: 16 - digits.count) + digits
    }

    /// The node of this name.
    public init(_ rawValue: String) { self.rawValue = rawValue }

    public var description: String { rawValue }
}

/// All names that Hubbub uses on a backplane.
///
/// Everything of one chunk stream, one connection or one group shares a hash tag, so that it lives in one slot of a
/// Redis Cluster (Redis Cluster specification, "Hash tags").
public struct BackplaneNames: Sendable {
    private let app: String

    /// Creates the names of an application.
    ///
    /// - Parameter app: The prefix of every name; applications that share a Redis differ in it.
    public init(app: String) {
        self.app = "hubbub:\(app):"
    }

    /// The names of one chunk stream.
    public struct Stream: Sendable {
        public let channel: ChannelName
        public let log: KeyName
        /// What never changes about the stream: its owner, its hub.
        public let meta: KeyName
        /// The epoch that was asked to stop.
        public let stop: KeyName
    }

    /// The names of the chunk stream with this id.
    public func stream(_ id: String) -> Stream {
        let base = "\(app){s:\(id)}"
        return Stream(
            channel: ChannelName(base), log: KeyName(base + ":log"), meta: KeyName(base + ":meta"),
            stop: KeyName(base + ":stop"))
    }

    /// What is said to one node.
    public func node(_ id: NodeID) -> ChannelName { ChannelName("\(app){n:\(id.rawValue)}") }

    /// What is appended to the logs that a node follows: each message is a tag of eight bytes and an entry's payload.
    public func feed(of id: NodeID) -> ChannelName { ChannelName("\(app){n:\(id.rawValue)}:feed", isFeed: true) }

    /// What is said to one connection, heard by its home.
    public func connection(_ id: String) -> ChannelName {
        ChannelName("\(app){c:\(id)}", isLeftAtOnce: true)
    }

    /// Who is the home of a connection, claimed at the first attach.
    public func connectionClaim(_ id: String) -> KeyName { KeyName("\(app){c:\(id)}:home") }

    /// What is said to a group of a hub.
    public func group(_ name: String, hub: String) -> ChannelName {
        ChannelName("\(app)\(hub):{g:\(name)}", isLeftAtOnce: true)
    }

    /// What is said to all connections of a user at a hub.
    public func user(_ id: String, hub: String) -> ChannelName {
        ChannelName("\(app)\(hub):{u:\(id)}", isLeftAtOnce: true)
    }

    /// The connections of one node that are members of a group.
    public func groupMembers(_ name: String, hub: String, node: NodeID) -> KeyName {
        KeyName("\(group(name, hub: hub)):\(node)")
    }

    /// The connections of a user on one node.
    public func userConnections(_ id: String, hub: String, node: NodeID) -> KeyName {
        KeyName("\(user(id, hub: hub)):\(node)")
    }

    /// The groups that a user is a member of with every connection.
    public func userGroups(_ id: String, hub: String) -> KeyName { KeyName("\(user(id, hub: hub)):groups") }

    /// What is said to all connections of a hub.
    public func all(hub: String) -> ChannelName { ChannelName("\(app)\(hub):{all}") }

    /// The turns of a conversation. Users have ids of their own: nobody else's conversation can be named.
    public func conversation(_ id: String, of user: String?) -> KeyName {
        KeyName("\(app){v:\(user.map { "u:\($0)" } ?? "")}:\(id)")
    }

    /// What is said in a group of the group chat, and its members' names.
    public func groupChat(_ name: String) -> (channel: ChannelName, log: KeyName, members: KeyName) {
        let base = "\(app){gc:\(name)}"
        return (ChannelName(base), KeyName(base + ":log"), KeyName(base + ":members"))
    }

    /// The replies that somebody has under way.
    public func replies(of subject: String) -> KeyName { KeyName("\(app){l:\(subject)}:replies") }

    /// What somebody has asked within the last minute.
    public func prompts(of subject: String) -> KeyName { KeyName("\(app){l:\(subject)}:prompts") }

    /// The tokens that a user has used on a day, counted from 1970.
    public func tokens(of user: String, day: Int64) -> KeyName { KeyName("\(app){l:u:\(user)}:tokens:\(day)") }

    /// The queue of asks that wait for a worker.
    public var asks: KeyName { KeyName("\(app){asks}") }

    /// The names of all nodes that have a lease.
    public var leases: KeyName { KeyName("\(app){leases}") }

    /// The lease of a node.
    public func lease(_ id: NodeID) -> KeyName { KeyName("\(app){leases}:\(id.rawValue)") }

    /// The secret with which nodes sign connection tokens.
    public var clusterSecret: KeyName { KeyName("\(app){secret}") }

    /// The channel on which a node listens for itself, to know that live delivery works.
    public func canary(_ id: NodeID) -> ChannelName { ChannelName("\(app){canary:\(id.rawValue)}") }
}
