extension NodeLeases {
    /// How this node holds its own lease and judges others. A value without I/O; the clock is passed in.
    ///
    /// Whatever may happen to the backplane (frozen, full, restarted, failed over) happens to this node's own renewals too,
    /// and then the time over which others are judged begins anew.
    struct StateMachine: Sendable {
        typealias Instant = ContinuousClock.Instant

        private struct Watched {
            var count: UInt64?
            /// Since when the lease was read unchanged while nothing failed.
            var unchangedSince: Instant?
            var isDead = false
        }

        private let leaseTime: Duration
        private var count: UInt64 = 0
        /// When the last renewal that was accepted had been sent.
        private var lastRenewal: Instant?
        /// How often the lease was taken: once, and again each time after it was overdue.
        private(set) var term: UInt64 = 0
        private var nodes: [NodeID: Watched] = [:]

        init(leaseTime: Duration) { self.leaseTime = leaseTime }

        // MARK: The own lease

        /// Until when the lease is held unless it is renewed; `nil` before the first renewal.
        var heldUntil: Instant? { lastRenewal.map { $0 + leaseTime } }

        /// The count to write next.
        mutating func nextCount() -> UInt64 {
            count += 1
            return count
        }

        /// A renewal was accepted.
        ///
        /// - Returns: Whether a new term has begun with it.
        mutating func renewed(sentAt: Instant, now: Instant) -> Bool {
            let isHeld = heldUntil.map { $0 > now } ?? false
            if let lastRenewal, lastRenewal.duration(to: sentAt) > longestPause { restartJudging() }
            lastRenewal = max(lastRenewal ?? sentAt, sentAt)
            guard !isHeld, sentAt + leaseTime > now else { return false }
            term += 1
            return true
        }

        /// A renewal or a reading failed, or live delivery does not work: nobody can be judged for a lease time.
        mutating func restartJudging() {
            for node in nodes.keys { nodes[node]?.unchangedSince = nil }
        }

        // MARK: Others

        var watched: Set<NodeID> { Set(nodes.keys) }

        mutating func watch(_ node: NodeID) {
            if nodes[node] == nil { nodes[node] = Watched() }
        }

        mutating func unwatch(_ node: NodeID) { nodes[node] = nil }

        /// Whether a node was judged dead and has not renewed its lease since.
        func isDead(_ node: NodeID) -> Bool { nodes[node]?.isDead ?? false }

        /// The leases of the watched nodes were read.
        ///
        /// - Parameters:
        ///   - sentAt: Before the reading; it tells of no moment before that.
        ///   - receivedAt: After the reading; it tells of no moment after that.
        ///   - lastDelivery: When a message of this node to itself last came back.
        /// - Returns: What this reading shows: the nodes that are dead, and those that have renewed their leases.
        mutating func read(
            _ leases: [NodeID: NodeLease], sentAt: Instant, receivedAt: Instant, lastDelivery: Instant?
        ) -> (dead: [NodeID], alive: [NodeID]) {
            guard let lastRenewal, lastRenewal.duration(to: receivedAt) <= longestPause else {
                restartJudging()
                return ([], [])
            }
            var (dead, alive): ([NodeID], [NodeID]) = ([], [])
            for (node, var watched) in nodes {
                // A lease that has lapsed says no more than one that is not renewed.
                if let lease = leases[node], lease.count != watched.count {
                    if watched.count != nil { alive.append(node) }
                    watched = Watched(count: lease.count, unchangedSince: receivedAt)
                } else if let since = watched.unchangedSince {
                    let isJudged = since.duration(to: sentAt) >= leaseTime && lastDelivery.map { $0 > since } == true
                    if isJudged, !watched.isDead {
                        watched.isDead = true
                        dead.append(node)
                    }
                } else {
                    watched.unchangedSince = receivedAt
                }
                nodes[node] = watched
            }
            return (dead, alive)
        }

        /// The lease is renewed three times per lease time; of a longer pause than two of these nobody knows what it hid.
        private var longestPause: Duration { leaseTime * 2 / 3 }
    }
}
