import HubBackplane
import NIOConcurrencyHelpers

/// The other nodes that a node relays requests with, each watched for its death once.
final class RelayWatches: Sendable {
    private let nodes: any RelayNodes
    /// What ends each watch: nothing yet, while it begins.
    private let watches = NIOLockedValueBox<[NodeID: @Sendable () -> Void]>([:])

    init(nodes: any RelayNodes) { self.nodes = nodes }

    var isEmpty: Bool { watches.withLockedValue { $0.isEmpty } }

    /// Watches a node, once the requests or sessions with it are known to those who are asked which nodes are idle.
    func watch(_ node: NodeID, onDeath: @escaping @Sendable () -> Void) {
        let isNew = watches.withLockedValue { watches in
            guard watches[node] == nil else { return false }
            watches[node] = {}
            return true
        }
        guard isNew else { return }
        let unwatch = nodes.watchForDeath(of: node, onDeath: onDeath)
        let isKept = watches.withLockedValue { watches in
            guard watches[node] != nil else { return false }
            watches[node] = unwatch
            return true
        }
        if !isKept { unwatch() }
    }

    /// Ends the watches of those of the watched nodes that nothing is relayed with.
    ///
    /// - Parameter areIdle: Asked while no watch can begin: who begins one after it was asked watches anew.
    func end(_ areIdle: (_ watched: [NodeID]) -> [NodeID]) {
        let ended = watches.withLockedValue { watches -> [@Sendable () -> Void] in
            guard !watches.isEmpty else { return [] }
            return areIdle(Array(watches.keys)).compactMap { watches.removeValue(forKey: $0) }
        }
        for unwatch in ended { unwatch() }
    }
}
