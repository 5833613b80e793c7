import NIOConcurrencyHelpers

extension InMemoryBackplane {
    public func renewLease(of node: NodeID, count: UInt64, timeToLive: Duration) async throws {
        let now = ContinuousClock.now
        state.withLockedValue { state in
            state.leases.set(
                KeyName(node.rawValue), to: NodeLease(count: count), timeToLive: timeToLive, at: now)
        }
    }

    public func leases(of nodes: Set<NodeID>?) async throws -> [NodeID: NodeLease] {
        let now = ContinuousClock.now
        return state.withLockedValue { state in
            let nodes = nodes ?? Set(state.leases.keys(at: now).map { NodeID($0.rawValue) })
            let leases = nodes.compactMap { node in
                state.leases.value(of: KeyName(node.rawValue), at: now).map { (node, $0) }
            }
            return Dictionary(uniqueKeysWithValues: leases)
        }
    }

    public var lastDelivery: ContinuousClock.Instant? { .now }
}
