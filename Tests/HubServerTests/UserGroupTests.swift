import HubBackplane
import HubBackplaneRedis
import HubTesting
import Logging
import Synchronization
import Testing

@testable import HubServer

/// Users as members of groups, on two nodes.
@Suite(.timeLimit(.minutes(1))) struct UserGroupTests {
    enum Kind: CaseIterable { case memory, redis }

    private struct Nodes {
        let endpoints: [HubEndpoint]
        /// Each node's way to the other, in memory.
        let faulty: [FaultyBackplane]
        var hubs: [Hub] { endpoints.map(\.hub) }

        init(on backplanes: [any Backplane]) {
            endpoints = backplanes.map { backplane in
                let hub = Hub()
                hub.on("Groups") { context in
                    context.connection.endpoint.roster.groups(of: context.connectionID).sorted()
                }
                return HubServer.testing(on: backplane).mount(hub, at: "/hub")
            }
            faulty = backplanes.compactMap { $0 as? FaultyBackplane }
        }

        func client(_ node: Int, _ user: String? = "ada") async throws -> HubTestClient {
            try await HubTestClient.connect(to: endpoints[node], userID: user)
        }

        /// The groups that clients are members of at their homes.
        func groups(of clients: [HubTestClient]) async throws -> [[String]] {
            var groups: [[String]] = []
            for client in clients { groups.append(try await client.invoke("Groups", returning: [String].self)) }
            return groups
        }
    }

    private func withNodes(_ kind: Kind = .memory, _ body: (Nodes) async throws -> Void) async throws {
        guard kind == .redis else {
            let base = InMemoryBackplane()
            return try await body(Nodes(on: [FaultyBackplane(base: base), FaultyBackplane(base: base)]))
        }
        let redis = try await RedisServer.start()
        let logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
        let backplanes = try (0..<2).map { _ in
            RedisBackplane(
                configuration: try RedisConfiguration(url: redis.url), names: BackplaneNames(app: "test"),
                node: NodeID(), logger: logger)
        }
        for backplane in backplanes { backplane.start() }
        do {
            try await eventually { backplanes.allSatisfy(\.isReady) }
            try await body(Nodes(on: backplanes))
        } catch {
            for backplane in backplanes { await backplane.shutdown() }
            throw error
        }
        for backplane in backplanes { await backplane.shutdown() }
    }

    @Test(arguments: Kind.allCases)
    func connectionsThatAreThereAndLaterOnesAreMembersOnAllNodes(kind: Kind) async throws {
        try await withNodes(kind) { nodes in
            var clients = [try await nodes.client(0), try await nodes.client(1)]
            let bob = try await nodes.client(1, "bob")
            // The first answer tells that the hub knows a client.
            #expect(try await nodes.groups(of: clients + [bob]) == [[], [], []])
            #expect(await nodes.hubs[0].userGroups.add("ada", to: "room") == .done)
            #expect(await nodes.hubs[1].userGroups.add("ada", to: "other") == .done)
            clients += [try await nodes.client(0), try await nodes.client(1)]
            #expect(try await nodes.groups(of: clients) == Array(repeating: ["other", "room"], count: 4))
            #expect(try await nodes.groups(of: [bob]) == [[]])
            try nodes.endpoints[0].send("News", [.string("x")], to: .group("room"))
            for client in clients { #expect(try await client.next("News").argument(0, as: String.self) == "x") }
            for hub in nodes.hubs {
                #expect(try await hub.userGroups.contains("ada", in: "room"))
                #expect(try await !hub.userGroups.contains("ada", in: "nowhere"))
                #expect(try await !hub.userGroups.contains("bob", in: "room"))
            }
        }
    }

    @Test(arguments: Kind.allCases)
    func whoIsRemovedIsNoMemberWithAnyConnectionAnyMore(kind: Kind) async throws {
        try await withNodes(kind) { nodes in
            for group in ["a", "b", "c"] { #expect(await nodes.hubs[0].userGroups.add("ada", to: group) == .done) }
            let clients = [try await nodes.client(0), try await nodes.client(1)]
            #expect(try await nodes.groups(of: clients) == [["a", "b", "c"], ["a", "b", "c"]])
            #expect(await nodes.hubs[1].userGroups.remove("ada", from: "b") == .done)
            #expect(try await nodes.groups(of: clients) == [["a", "c"], ["a", "c"]])
            #expect(try await nodes.groups(of: [nodes.client(0), nodes.client(1)]) == [["a", "c"], ["a", "c"]])
            #expect(await nodes.hubs[0].groups.add(clients[1].connectionID, to: "own") == .done)
            #expect(await nodes.hubs[0].userGroups.removeFromAll("ada") == .done)
            #expect(try await nodes.groups(of: clients) == [[], []])
            #expect(try await nodes.groups(of: [nodes.client(1)]) == [[]])
            #expect(try await !nodes.hubs[1].userGroups.contains("ada", in: "a"))
            #expect(await nodes.hubs[1].userGroups.remove("nobody", from: "a") == .done)
        }
    }

    @Test func aMembershipThatIsOverIsNoneOfLaterConnections() async throws {
        try await withNodes { nodes in
            let early = try await nodes.client(0)
            #expect(try await nodes.groups(of: [early]) == [[]])
            let time = Duration.milliseconds(300)
            #expect(await nodes.hubs[0].userGroups.add("ada", to: "short", timeToLive: time) == .done)
            #expect(await nodes.hubs[0].userGroups.add("ada", to: "long", timeToLive: .seconds(60)) == .done)
            try await eventually { try await nodes.groups(of: [nodes.client(1)]) == [["long"]] }
            #expect(try await nodes.groups(of: [early]) == [["long", "short"]], "it stays while it lasts")
        }
    }

    @Test func withoutATimeToLiveOnlyThoseThatAreThereAreAdded() async throws {
        try await withNodes { nodes in
            #expect(await nodes.hubs[0].userGroups.add("ada", to: "room", timeToLive: .zero) == .noConnections)
            let early = try await nodes.client(1)
            #expect(try await nodes.groups(of: [early]) == [[]])
            #expect(await nodes.hubs[0].userGroups.add("ada", to: "room", timeToLive: .zero) == .done)
            #expect(try await nodes.groups(of: [early, nodes.client(0)]) == [["room"], []])
            #expect(try await nodes.hubs[0].userGroups.contains("ada", in: "room"))
        }
    }

    @Test func aConnectionIsAMemberBeforeTheHubIsTold() async throws {
        let hub = Hub()
        let journal = Journal()
        hub.onConnected { context in
            let groups = context.connection.endpoint.roster.groups(of: context.connectionID)
            journal.note(groups.sorted().joined(separator: ","))
        }
        let endpoint = hub.mounted()
        #expect(await hub.userGroups.add("ada", to: "a") == .done)
        #expect(await hub.userGroups.add("ada", to: "b") == .done)
        _ = try await HubTestClient.connect(to: endpoint, userID: "ada")
        try await eventually { journal.all == ["a,b"] }
    }

    /// It has asked for its groups before the user was removed, and joins them after.
    @Test func whoIsRemovedWhileAConnectionComesIsNoMember() async throws {
        try await withNodes { nodes in
            for group in ["a", "b"] { #expect(await nodes.hubs[0].userGroups.add("ada", to: group) == .done) }
            nodes.faulty[1].change { $0.holdsMemberships = true }
            let client = try await nodes.client(1)
            try await eventually { nodes.faulty[1].membershipReads.load(ordering: .relaxed) == 1 }
            #expect(await nodes.hubs[0].userGroups.remove("ada", from: "a") == .done)
            nodes.faulty[1].change { $0.holdsMemberships = false }
            #expect(try await nodes.groups(of: [client]) == [["b"]])
        }
    }

    @Test func whoIsAddedWhileAConnectionComesIsAMember() async throws {
        try await withNodes { nodes in
            nodes.faulty[1].change { $0.holdsMemberships = true }
            let client = try await nodes.client(1)
            try await eventually { nodes.faulty[1].membershipReads.load(ordering: .relaxed) == 1 }
            #expect(await nodes.hubs[0].userGroups.add("ada", to: "room") == .done)
            nodes.faulty[1].change { $0.holdsMemberships = false }
            #expect(try await nodes.groups(of: [client]) == [["room"]])
        }
    }

    @Test func groupsThatCannotBeReadAreJoinedWhenTheyCan() async throws {
        try await withNodes { nodes in
            #expect(await nodes.hubs[0].userGroups.add("ada", to: "room") == .done)
            nodes.faulty[1].setAway(true)
            let client = try await nodes.client(1)
            #expect(try await nodes.groups(of: [client]) == [[]])
            #expect(await nodes.hubs[1].userGroups.add("ada", to: "room") == .unconfirmed)
            #expect(await nodes.hubs[1].userGroups.remove("ada", from: "room") == .unconfirmed)
            await #expect(throws: HubPresenceError.unavailable) {
                try await nodes.hubs[1].userGroups.contains("ada", in: "room")
            }
            nodes.faulty[1].setAway(false)
            try await eventually { try await nodes.groups(of: [client]) == [["room"]] }
        }
    }

    @Test func connectionsOfNobodyAskForNothing() async throws {
        try await withNodes { nodes in
            let client = try await nodes.client(0, nil)
            #expect(try await nodes.groups(of: [client]) == [[]])
            #expect(nodes.faulty[0].membershipReads.load(ordering: .relaxed) == 0)
            _ = try await nodes.groups(of: [nodes.client(0)])
            #expect(nodes.faulty[0].membershipReads.load(ordering: .relaxed) == 1)
        }
    }

    /// Its node is not waited for any more: whoever waits in vain says that nothing is known.
    @Test(arguments: Kind.allCases) func whoHasJustLeftIsKnownToBeGone(kind: Kind) async throws {
        try await withNodes(kind) { nodes in
            #expect(await nodes.hubs[0].userGroups.add("ada", to: "room") == .done)
            let client = try await nodes.client(1)
            #expect(try await nodes.groups(of: [client]) == [["room"]])
            try await client.disconnect()
            try await eventually { nodes.endpoints[1].subscriptions.isEmpty }
            #expect(await nodes.hubs[0].userGroups.removeFromAll("ada") == .done)
            #expect(try await !nodes.hubs[0].presence.userExists("ada"))
            #expect(try await !nodes.hubs[0].presence.groupExists("room"))
        }
    }

    @Test func aUserIsAMemberOfAThousandGroupsAtMost() async throws {
        try await withNodes { nodes async throws in
            for number in 0..<1000 {
                #expect(await nodes.hubs[0].userGroups.add("ada", to: "\(number)") == .done)
            }
            #expect(await nodes.hubs[1].userGroups.add("ada", to: "one more") == .tooManyGroups)
            #expect(await nodes.hubs[1].userGroups.add("ada", to: "0") == .done)
            #expect(try await nodes.groups(of: [nodes.client(0)])[0].count == 1000)
        }
    }
}
