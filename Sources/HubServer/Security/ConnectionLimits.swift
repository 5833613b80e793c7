/// How many clients a node takes, and how fast. Nothing is limited unless it is said here: ASP.NET has no such limits.
///
/// What is over a limit is refused with a `Retry-After`: with 503 where the node is full, with 429 where it is one address; and
/// counted, as `hubbub_refusals_total` of the application's metrics.
public struct ConnectionLimits: Sendable, Equatable {
    /// So many a second in the long run.
    public struct Rate: Sendable, Equatable {
        /// How many a second.
        public var perSecond: Double
        /// How many at once, after a time without any.
        public var burst: Int

        /// - Parameters:
        ///   - perSecond: How many a second, more than 0.
        ///   - burst: How many at once; nil for those of a second.
        public init(perSecond: Double, burst: Int? = nil) {
            precondition(perSecond > 0, "a rate must be more than 0")
            self.perSecond = perSecond
            self.burst = max(1, burst ?? Int(min(perSecond, 1e9).rounded(.up)))
        }
    }

    /// Most connections of hubs on this node.
    public var maximumConnections: Int?
    /// Most connections of hubs on this node from one address; addresses of IPv6 count by their first 64 bits.
    public var maximumConnectionsPerAddress: Int?

    /// How many clients may negotiate.
    public var negotiateRate: Rate?
    /// How many clients of one address may negotiate.
    public var negotiateRatePerAddress: Rate?

    /// How many connections may begin.
    public var connectRate: Rate?
    /// How many connections of one address may begin.
    public var connectRatePerAddress: Rate?

    /// No limits.
    public init() {}
}
