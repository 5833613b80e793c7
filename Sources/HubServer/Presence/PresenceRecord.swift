import HubBackplane
import Logging
import Synchronization

/// What this node writes down for all nodes to read: which of its connections are in which groups, and whose they are.
///
/// Each node writes under its own keys and touches no other's (a node that is dead is left out by readers). Only what has
/// changed is written, several changes together; after the backplane was away, and every few minutes, all is written anew.
final class PresenceRecord: Sendable {
    /// Tidies up after dead nodes; whether a node lives is told by its lease.
    private static let timeToLive = Duration.seconds(600)
    private static let rewriteInterval = Duration.seconds(180)

    private struct State {
        /// Connections that may have come to an address or gone from it.
        var changed: [HubAddress: Set<String>] = [:]
        /// Addresses that are written anew.
        var rewritten: Set<HubAddress> = []
        /// Addresses that could not be written; with the next round they are.
        var failed: Set<HubAddress> = []
        /// Who waits until what has changed is written.
        var waiters: [CheckedContinuation<Void, Never>] = []
        var isWriting = false

        mutating func takeBatch() -> State? {
            guard !changed.isEmpty || !rewritten.isEmpty else {
                isWriting = false
                return nil
            }
            let batch = self
            (changed, rewritten, waiters) = ([:], [], [])
            return batch
        }
    }

    private let backplane: any Backplane
    private let names: BackplaneNames
    private let node: NodeID
    private let hubName: String
    private let roster: Roster
    private let logger: Logger
    private let state = Mutex(State())

    init(server: HubServer, hubName: String, roster: Roster, logger: Logger) {
        backplane = server.backplane
        names = server.names
        node = server.node
        self.hubName = hubName
        self.roster = roster
        self.logger = logger
        backplane.observeState { [weak self] state in
            if state == .ready { self?.rewriteAll() }
        }
        Task { [weak self] in
            while self != nil {
                try await Task.sleep(for: Self.rewriteInterval)
                self?.rewriteAll()
            }
        }
    }

    /// A connection has come to an address, or gone from it.
    func changed(_ connectionID: String, at address: HubAddress) {
        change { $0.changed[address, default: []].insert(connectionID) }
    }

    /// The same, and waits until it is written, or until that has failed.
    func write(_ connectionID: String, at address: HubAddress) async {
        await withCheckedContinuation { waiter in
            change {
                $0.changed[address, default: []].insert(connectionID)
                $0.waiters.append(waiter)
            }
        }
    }

    private func rewriteAll() {
        let addresses = roster.presentAddresses
        guard state.withLock({ !addresses.isEmpty || !$0.failed.isEmpty }) else { return }
        change {
            $0.rewritten.formUnion(addresses.union($0.failed))
            $0.failed = []
        }
    }

    private func change(_ body: (inout State) -> Void) {
        let mustStart = state.withLock { state in
            body(&state)
            defer { state.isWriting = true }
            return !state.isWriting
        }
        if mustStart { Task { await write() } }
    }

    private func write() async {
        while let batch = state.withLock({ $0.takeBatch() }) {
            for address in batch.rewritten.union(batch.changed.keys) {
                let changed = batch.rewritten.contains(address) ? nil : batch.changed[address]
                do {
                    try await write(changed, at: address)
                } catch {
                    logger.debug("Presence could not be written", metadata: ["error": "\(error)"])
                    _ = state.withLock { $0.failed.insert(address) }
                }
            }
            for waiter in batch.waiters { waiter.resume() }
        }
    }

    /// Writes where these connections are by now, in whatever order they have come and gone; all for nil.
    private func write(_ changed: Set<String>?, at address: HubAddress) async throws {
        guard let key = address.presenceKey(names, hub: hubName, node: node) else { return }
        let present = roster.present(at: address, of: changed)
        guard let changed else {
            return try await backplane.replace(key, with: present, timeToLive: Self.timeToLive)
        }
        try await backplane.change(
            key, add: present, remove: changed.subtracting(present), timeToLive: Self.timeToLive)
    }
}
