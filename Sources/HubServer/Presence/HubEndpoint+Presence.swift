import HubBackplane

extension HubEndpoint {
    func members(of address: HubAddress) async throws(HubPresenceError) -> Set<String> {
        let keys = try await presenceKeys(of: address)
        do {
            let elsewhere = try await server.backplane.members(of: keys)
            return elsewhere.reduce(roster.present(at: address)) { $0.union($1) }
        } catch {
            throw .unavailable
        }
    }

    func memberCount(of address: HubAddress) async throws(HubPresenceError) -> Int {
        let keys = try await presenceKeys(of: address)
        do {
            return try await server.backplane.memberCounts(of: keys)
                .reduce(roster.present(at: address).count, +)
        } catch {
            throw .unavailable
        }
    }

    func exists(_ address: HubAddress) async throws(HubPresenceError) -> Bool {
        guard server.backplane.isReady || !receivers(at: address).isEmpty else { throw .unavailable }
        switch await command(.find(inGroup: nil), at: address) {
        case .done: return true
        case .notFound, .refused: return false
        case nil: throw .unavailable
        }
    }

    /// Where the other living nodes write who is there. What is here is known without asking.
    private func presenceKeys(of address: HubAddress) async throws(HubPresenceError) -> [KeyName] {
        guard presence != nil else { throw .notTracked }
        do {
            let nodes = try await server.livingNodes.others()
            return nodes.compactMap { address.presenceKey(server.names, hub: hubName, node: $0) }
        } catch {
            throw .unavailable
        }
    }
}
