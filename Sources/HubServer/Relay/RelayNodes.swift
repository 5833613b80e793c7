import HubBackplane

/// What the relay has to know of other nodes.
protocol RelayNodes: Sendable {
    /// Whether some node that lives is about to subscribe to its channels again: that nobody listens says nothing then.
    func isSomeoneResubscribing() async -> Bool

    /// Has `onDeath` called once, on any thread, when a node is judged dead.
    ///
    /// - Returns: Ends the watch.
    func watchForDeath(of node: NodeID, onDeath: @escaping @Sendable () -> Void) -> @Sendable () -> Void
}

extension NodeLeases: RelayNodes {
    func isSomeoneResubscribing() async -> Bool {
        guard let leases = try? await nodes().values else { return true }
        return leases.contains { $0.isResubscribing }
    }

    func watchForDeath(of node: NodeID, onDeath: @escaping @Sendable () -> Void) -> @Sendable () -> Void {
        watch(node, onDeath: onDeath).cancel
    }
}
