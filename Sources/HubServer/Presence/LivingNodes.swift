import HubBackplane
import Synchronization

/// The other nodes, as far as they live. Whoever asks once has them watched from then on: the next answer is right as soon
/// as a dead one is judged, and does not wait until its lease lapses.
final class LivingNodes: Sendable {
    private let backplane: any Backplane
    private let leases: NodeLeases
    private let watches = Mutex<[NodeID: NodeWatch]>([:])

    init(backplane: any Backplane, leases: NodeLeases) {
        self.backplane = backplane
        self.leases = leases
    }

    func others() async throws -> Set<NodeID> {
        let nodes = Set(try await backplane.leases(of: nil).keys).subtracting([leases.node])
        let gone = watches.withLock { watches in
            for node in nodes where watches[node] == nil { watches[node] = leases.watch(node) {} }
            let gone = watches.filter { !nodes.contains($0.key) }
            for node in gone.keys { watches[node] = nil }
            return gone.values
        }
        for watch in gone { watch.cancel() }
        return nodes.filter { leases.isAlive($0) }
    }
}
