import HubBackplane
import Logging

extension AskQueue {
    /// Takes over the asks that lost workers have taken, until cancelled.
    ///
    /// Only a worker whose node was judged dead is lost: one that is only slow will run its asks, and nobody can tell the two
    /// apart by time alone.
    func claimFromLost(for worker: ReplyWorker) async {
        var watches: [String: NodeWatch] = [:]
        defer { for watch in watches.values { watch.cancel() } }
        while !Task.isCancelled {
            do {
                let others = try await backplane.consumers(of: queue).subtracting([node.rawValue])
                for gone in watches.keys where !others.contains(gone) { watches.removeValue(forKey: gone)?.cancel() }
                for other in others {
                    if watches[other] == nil { watches[other] = leases.watch(NodeID(other)) {} }
                    if !leases.isAlive(NodeID(other)) { try await claim(from: other, for: worker) }
                }
            } catch {
                logger.debug("Asks of lost workers could not be claimed", metadata: ["error": "\(error)"])
            }
            try? await Task.sleep(for: .seconds(1))
        }
    }

    private func claim(from lost: String, for worker: ReplyWorker) async throws {
        let isClaimed = try await handOut(to: worker) { places in
            try await backplane.claim(places, from: lost, for: node.rawValue, on: queue)
        }
        if isClaimed { logger.notice("Asks of a lost worker were taken over", metadata: ["lost": "\(lost)"]) }
    }
}
