import HubBackplane
import HubTesting
import Testing

@Suite("Leases of nodes", .timeLimit(.minutes(1)))
struct NodeLeasesTests {
    private static let leaseTime = Duration.milliseconds(900)

    /// Runs nodes that share a backplane; each can be killed: it renews its lease no more.
    private func withNodes(
        _ count: Int, on backplane: any Backplane = InMemoryBackplane(),
        _ body: ([NodeLeases], [Task<Void, any Error>]) async throws -> Void
    ) async throws {
        let nodes = (0..<count).map { _ in
            NodeLeases(backplane: backplane, node: NodeID(), leaseTime: Self.leaseTime, logger: .silent)
        }
        let tasks = nodes.map { node in Task { try await node.run() } }
        defer { for task in tasks { task.cancel() } }
        try await eventually { nodes.allSatisfy { $0.term == 1 } }
        try await body(nodes, tasks)
    }

    @Test func aKilledNodeIsJudgedDeadOnceByAllThatWatchIt() async throws {
        try await withNodes(3) { nodes, tasks in
            let dead = Record<Int>()
            let watches = [0, 0, 1].map { judge in
                nodes[judge].watch(nodes[2].node) { dead.append(judge) }
            }
            let cancelled = nodes[0].watch(nodes[2].node) { dead.append(-1) }
            cancelled.cancel()
            let other = nodes[1].watch(nodes[0].node) { dead.append(-2) }
            try await Task.sleep(for: Self.leaseTime * 2)
            #expect(dead.count == 0 && nodes[0].isAlive(nodes[2].node))
            let killed = ContinuousClock.now
            tasks[2].cancel()
            #expect(try await dead.first(3).sorted() == [0, 0, 1])
            #expect(ContinuousClock.now - killed >= Self.leaseTime * 2 / 3)
            #expect(!nodes[0].isAlive(nodes[2].node) && nodes[0].isAlive(nodes[1].node))
            let late = nodes[0].watch(nodes[2].node) { dead.append(3) }
            #expect(dead.all.last == 3)
            #expect(await nodes[1].judgesDead(nodes[2].node))
            #expect(await !nodes[1].judgesDead(nodes[0].node))
            #expect(await !nodes[1].judgesDead(nodes[1].node))
            #expect(Set(try await nodes[0].nodes().keys) == [nodes[0].node, nodes[1].node])
            for watch in watches + [other, late] { watch.cancel() }
            #expect(nodes[0].isAlive(nodes[2].node))
        }
    }

    @Test func aNodeNeverJudgesItself() async throws {
        try await withNodes(1) { nodes, _ in
            let dead = Record<Int>()
            let watch = nodes[0].watch(nodes[0].node) { dead.append(0) }
            try await Task.sleep(for: Self.leaseTime * 2)
            #expect(dead.count == 0 && nodes[0].isAlive(nodes[0].node))
            watch.cancel()
        }
    }

    @Test func aNodeThatIsCutOffKnowsItAndHasANewTermLater() async throws {
        let backplane = FaultyBackplane()
        try await withNodes(1, on: backplane) { nodes, _ in
            let terms = Record<UInt64?>()
            nodes[0].observeTerm { [node = nodes[0]] in terms.append(node.term) }
            backplane.change { $0.failsLeases = true }
            try await eventually { nodes[0].term == nil }
            backplane.change { $0.failsLeases = false }
            try await eventually { nodes[0].term == 2 }
            #expect(try await terms.first(1) == [2])
        }
    }

    @Test func whoeverCannotRenewJudgesNobody() async throws {
        let base = InMemoryBackplane()
        let judges = FaultyBackplane(base: base)
        try await withNodes(1, on: base) { others, tasks in
            try await withNodes(1, on: judges) { nodes, _ in
                let dead = Record<Int>()
                let watch = nodes[0].watch(others[0].node) { dead.append(0) }
                tasks[0].cancel()
                judges.change { $0.failsLeases = true }
                try await Task.sleep(for: Self.leaseTime * 3)
                #expect(dead.count == 0)
                judges.change { $0.failsLeases = false }
                #expect(try await dead.first(1) == [0])
                watch.cancel()
            }
        }
    }
}
