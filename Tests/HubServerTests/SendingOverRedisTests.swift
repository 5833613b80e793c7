import HubBackplane
import HubBackplaneRedis
import HubServer
import HubTesting
import Logging
import Testing

/// What ``SendingTests`` has in one memory, between two nodes with connections of their own to a real Redis.
@Suite(.timeLimit(.minutes(1)))
struct SendingOverRedisTests {
    enum Destination: String, CaseIterable, Codable {
        case all, others, allExcept, clients, group, othersInGroup, groupExcept, groups, user, users

        /// Who is told when client 0 sends there, except to 0 and 3 where there are exceptions.
        var told: [Int] {
            switch self {
            case .all, .group, .groups: [0, 1, 2, 3]
            case .others, .othersInGroup: [1, 2, 3]
            case .allExcept, .groupExcept: [1, 2]
            case .clients: [0, 3]
            case .user, .users: [0, 2]
            }
        }

        fileprivate func proxy(_ clients: HubCallerClients, _ ids: [String]) -> HubClientProxy {
            switch self {
            case .all: clients.all
            case .others: clients.others
            case .allExcept: clients.allExcept(ids)
            case .clients: clients.clients(ids)
            case .group: clients.group("everyone")
            case .othersInGroup: clients.othersInGroup("everyone")
            case .groupExcept: clients.groupExcept("everyone", ids)
            case .groups: clients.groups(["everyone", "nobody"])
            case .user: clients.user("even")
            case .users: clients.users(["even", "nobody"])
            }
        }
    }

    @Test func everyDestinationIsReachedOnBothNodes() async throws {
        let redis = try await RedisServer.start()
        let configuration = try RedisConfiguration(url: redis.url)
        let backplanes = (0..<2).map { _ in
            RedisBackplane(
                configuration: configuration, names: BackplaneNames(app: "test"), node: NodeID(),
                logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
        }
        for backplane in backplanes { backplane.start() }
        try await eventually { backplanes.allSatisfy(\.isReady) }
        let cluster = Cluster(on: backplanes) { hub in
            hub.on("Send") { (context, destination: Destination, ids: [String]) in
                try await destination.proxy(context.clients, ids).send("News")
            }
        }
        let clients = try await cluster.clients()
        var expected: [Int] = []
        for destination in Destination.allCases {
            try await clients[0].invoke("Send", destination, [clients[0].connectionID, clients[3].connectionID])
            expected += destination.told
            #expect(try await clients.told(expected.count) == expected.sorted(), "\(destination)")
        }
        for backplane in backplanes { await backplane.shutdown() }
    }
}
