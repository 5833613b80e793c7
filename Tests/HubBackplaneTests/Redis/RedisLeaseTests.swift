import HubBackplane
import HubBackplaneRedis
import HubTesting
import Testing

/// Whatever happens to Redis happens to all nodes, and makes nobody dead.
@Suite("Leases on a Redis in trouble", .timeLimit(.minutes(1)))
struct RedisLeaseTests {
    /// Two nodes that watch each other, and who was judged dead.
    private func withNodes(
        _ server: RedisServer, _ body: ([NodeLeases], [RedisBackplane], Record<NodeID>) async throws -> Void
    ) async throws {
        let configuration = try RedisConfiguration(url: server.url)
        try await withRedisBackplane(configuration) { first, names in
            try await withRedisBackplane(configuration, names: names) { second, _ in
                let backplanes = [first, second]
                let nodes = backplanes.map { NodeLeases(backplane: $0, node: NodeID(), logger: .silent) }
                let tasks = nodes.map { node in Task { try await node.run() } }
                defer { for task in tasks { task.cancel() } }
                let dead = Record<NodeID>()
                let watches = [(0, 1), (1, 0)].map { judge, other in
                    nodes[judge].watch(nodes[other].node) { dead.append(nodes[other].node) }
                }
                try await eventually { nodes.allSatisfy { $0.term == 1 } }
                try await body(nodes, backplanes, dead)
                for watch in watches { watch.cancel() }
            }
        }
    }

    /// Long enough for a false judgement to be made.
    private func outlast(_ nodes: [NodeLeases]) async throws {
        try await Task.sleep(for: nodes[0].leaseTime * 2)
    }

    @Test func aFrozenRedisMakesNobodyDead() async throws {
        let server = try await RedisServer.start()
        try await withNodes(server) { nodes, _, dead in
            server.pause()
            try await outlast(nodes)
            #expect(nodes.allSatisfy { $0.term == nil })
            server.resume()
            try await eventually { nodes.allSatisfy { $0.term == 2 } }
            try await outlast(nodes)
            #expect(dead.count == 0)
        }
    }

    @Test func aRestartedRedisMakesNobodyDead() async throws {
        let server = try await RedisServer.start()
        try await withNodes(server) { nodes, _, dead in
            server.kill()
            try await eventually { nodes.allSatisfy { $0.term == nil } }
            try await server.restart()
            try await eventually { nodes.allSatisfy { $0.term == 2 } }
            try await outlast(nodes)
            #expect(dead.count == 0)
        }
    }

    @Test func aFullRedisMakesNobodyDead() async throws {
        let server = try await RedisServer.start()
        try await withNodes(server) { nodes, _, dead in
            try server.command("CONFIG", "SET", "maxmemory", "1")
            try await eventually { nodes.allSatisfy { $0.term == nil } }
            try await outlast(nodes)
            try server.command("CONFIG", "SET", "maxmemory", "0")
            try await eventually { nodes.allSatisfy { $0.term == 2 } }
            try await outlast(nodes)
            #expect(dead.count == 0)
        }
    }

    /// 10,000 channels take a while; until then nobody may trust a count of receivers.
    @Test func aNodeThatIsResubscribingSaysSo() async throws {
        let server = try await RedisServer.start()
        try await withNodes(server) { nodes, backplanes, dead in
            for number in 0..<10_000 {
                _ = try await backplanes[0].subscribe(to: BackplaneNames(app: "x").connection("\(number)")) { _ in }
            }
            var marks = 0
            for _ in 0..<20 where marks == 0 {
                try server.command("CLIENT", "KILL", "TYPE", "pubsub")
                while !backplanes[0].isReady {
                    if try await nodes[1].nodes()[nodes[0].node]?.isResubscribing == true { marks += 1 }
                }
                try await eventually { backplanes.allSatisfy(\.isReady) }
            }
            #expect(marks > 0)
            try await eventually { try await nodes[1].nodes().values.allSatisfy { !$0.isResubscribing } }
            #expect(dead.count == 0)
        }
    }
}
