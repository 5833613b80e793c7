import HTTPTypes
import HubBackplane
import HubBackplaneRedis
import HubHummingbird
import HubServer
import HubTesting

/// Two nodes whose hub allows stateful reconnects.
struct ReconnectCluster: Sendable {
    enum Kind: CaseIterable, Sendable { case memory, redis }

    let nodes: [TestNode]
    /// The hub as each node has it.
    let hubs: [Hub]
    /// What each node has for a backplane in memory.
    let faulty: [FaultyBackplane]
    /// Nil in memory.
    let redis: RedisServer?

    var urls: [String] { nodes.map { $0.url("/chat") } }

    static func with(
        _ kind: Kind = .memory, hub: @Sendable () -> Hub = { .forReconnects() }, hubOptions: HubOptions = HubOptions(),
        httpOptions change: @Sendable (inout HTTPHubOptions) -> Void = { _ in },
        _ body: @Sendable (ReconnectCluster) async throws -> Void
    ) async throws {
        var options = HTTPHubOptions()
        options.allowsStatefulReconnects = true
        options.authentication = .custom { request in
            request.headerFields[.cookie].map { ClaimsPrincipal(claims: [("sub", $0)]) }
        }
        change(&options)
        let httpOptions = options
        let redis = kind == .redis ? try await RedisServer.start() : nil
        let shared = InMemoryBackplane()
        let faulty = [FaultyBackplane(base: shared), FaultyBackplane(base: shared)]
        let hubs = [hub(), hub()]
        func backplane(_ index: Int) throws -> (any Backplane, RedisBackplane?) {
            guard let redis else { return (faulty[index], nil) }
            let backplane = RedisBackplane(
                configuration: try RedisConfiguration(url: redis.url), names: BackplaneNames(app: "hubbub"),
                node: NodeID(), logger: .quiet)
            return (backplane, backplane)
        }
        let (first, firstService) = try backplane(0)
        let (second, secondService) = try backplane(1)
        try await withNode(
            hubs: ["/chat": hubs[0]], backplane: first, hubOptions: hubOptions, httpOptions: httpOptions,
            services: [firstService].compactMap(\.self)
        ) { one async throws in
            try await withNode(
                hubs: ["/chat": hubs[1]], backplane: second, hubOptions: hubOptions, httpOptions: httpOptions,
                services: [secondService].compactMap(\.self)
            ) { other async throws in
                while !first.isReady || !second.isReady { try await Task.sleep(for: .milliseconds(5)) }
                try await body(ReconnectCluster(nodes: [one, other], hubs: hubs, faulty: faulty, redis: redis))
            }
        }
    }

    /// How many messages were published in Redis so far.
    func published() throws -> Int {
        let stats = try redis?.command("INFO", "commandstats") ?? ""
        guard let found = stats.firstRange(of: "cmdstat_publish:calls=") else { return 0 }
        return Int(stats[found.upperBound...].prefix { $0.isNumber }) ?? 0
    }
}

extension Hub {
    /// Methods of every kind, for clients whose sockets are cut.
    static func forReconnects() -> Hub {
        let hub = Hub.forTests()
        hub.on("Join") { (context, group: String) in
            await context.groups.add(context.connectionID, to: group) == .done
        }
        hub.on("Number") { (_, number: Int) in number }
        hub.on("Count") { (_, count: Int) in
            AsyncStream<Int> { stream in
                for number in 1...count { stream.yield(number) }
                stream.finish()
            }
        }
        hub.on("Repeat") { (_, texts: HubUpload<String>) in texts }
        hub.on("Collect") { (_, numbers: HubUpload<Int>) in
            var all: [Int] = []
            for try await number in numbers { all.append(number) }
            return all
        }
        return hub
    }
}
