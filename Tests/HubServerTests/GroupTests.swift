import HubBackplane
import HubTesting
import Testing

@testable import HubServer

@Suite(.timeLimit(.minutes(1)))
struct GroupTests {
    @Test func whatIsSentAfterAddingReachesTheMember() async throws {
        let cluster = Cluster()
        let clients = try await cluster.clients()
        for round in 0..<50 {
            // Client 3 is on the other node.
            await cluster.nodes[0].hub.groups.add(clients[3].connectionID, to: "room \(round)")
            try await cluster.nodes[0].hub.clients.group("room \(round)").send("News")
        }
        #expect(try await clients.told(50) == Array(repeating: 3, count: 50))
    }

    @Test func removedMembersAreNotSentTo() async throws {
        let cluster = Cluster()
        let clients = try await cluster.clients()
        let hub = cluster.nodes[0].hub
        await hub.groups.remove(clients[1].connectionID, from: "everyone")
        await hub.groups.remove(clients[2].connectionID, from: "everyone")
        await hub.groups.remove(clients[2].connectionID, from: "nothing")
        try await hub.clients.group("everyone").send("News")
        #expect(try await clients.told(2) == [0, 3])
    }

    @Test func addingTwiceMakesNoSecondMembership() async throws {
        let cluster = Cluster()
        let clients = try await cluster.clients()
        let hub = cluster.nodes[0].hub
        await hub.groups.add(clients[0].connectionID, to: "everyone")
        try await hub.clients.group("everyone").send("News")
        #expect(try await clients.told(4) == [0, 1, 2, 3])
        await hub.groups.remove(clients[0].connectionID, from: "everyone")
        try await hub.clients.group("everyone").send("News")
        #expect(try await clients.told(7) == [0, 1, 1, 2, 2, 3, 3])
    }

    @Test func aConnectionThatIsGoneIsNoError() async throws {
        let cluster = Cluster()
        let start = ContinuousClock.now
        let groups = cluster.nodes[0].hub.groups
        #expect(await groups.add("nobody", to: "room") == .noSuchConnection)
        #expect(await groups.remove("nobody", from: "room") == .noSuchConnection)
        #expect(ContinuousClock.now - start < .seconds(1), "before they would be asked for again")
    }

    @Test func changesAreAcknowledgedByTheNodeThatHoldsTheConnection() async throws {
        let cluster = Cluster()
        let clients = try await cluster.clients()
        for node in cluster.nodes {
            for client in clients {
                #expect(await node.hub.groups.add(client.connectionID, to: "room") == .done)
                #expect(await node.hub.groups.add(client.connectionID, to: "room") == .done)
            }
            #expect(cluster.nodes.map { $0.roster.members(ofGroup: "room").count } == [2, 2])
            for client in clients {
                #expect(await node.hub.groups.remove(client.connectionID, from: "room") == .done)
                #expect(await node.hub.groups.remove(client.connectionID, from: "room") == .done)
            }
            #expect(cluster.nodes.map { $0.roster.members(ofGroup: "room").count } == [0, 0])
        }
        try await clients[3].disconnect()
        try await eventually { cluster.nodes[1].roster.count == 1 }
        try await eventually {
            await cluster.nodes[0].hub.groups.add(clients[3].connectionID, to: "room") == .noSuchConnection
        }
    }

    /// Its subscriptions are on their way: nobody hears, and yet the connection is there.
    @Test func aNodeThatIsResubscribingIsAskedAgain() async throws {
        let base = InMemoryBackplane()
        let (asking, holding) = (RelayBackplane(base: base), RelayBackplane(base: base))
        let (asker, holder) = (Hub(), Hub())
        let asked = HubServer.testing(on: asking).mount(asker, at: "/hub")
        let held = HubServer.testing(on: holding).mount(holder, at: "/hub")
        let client = try await HubTestClient.connect(to: held)
        try await eventually { held.roster.count == 1 }
        asking.change { $0.receivers = 0 }
        asking.setResubscribing([held.server.node])
        #expect(await asker.groups.add(client.connectionID, to: "room") == .done)
        asking.setResubscribing([])
        #expect(await asker.groups.add("nobody", to: "room") == .noSuchConnection)
        _ = asked
    }

    /// They listen, as they have had members a moment ago, and have none: that is known as soon as all of them have said so.
    @Test func aGroupWithoutMembersIsKnownToHaveNoneAtOnce() async throws {
        let cluster = Cluster()
        for node in cluster.nodes { await node.subscriptions.retain(.group("room")) }
        let asked = ContinuousClock.now
        #expect(await cluster.nodes[0].find(.group("room")) == .notFound)
        #expect(await cluster.nodes[0].add(.group("room"), toGroup: "other") == .notFound)
        // Silence would have taken two seconds for each.
        #expect(.now - asked < .seconds(2))
        let client = try await HubTestClient.connect(to: cluster.nodes[1])
        try await client.invoke("Join", "room")
        #expect(await cluster.nodes[0].find(.group("room")) == .done)
        for node in cluster.nodes { node.subscriptions.release(.group("room")) }
    }

    @Test func membershipEndsWithTheConnection() async throws {
        let cluster = Cluster()
        let clients = try await cluster.clients()
        #expect(cluster.nodes[0].roster.members(ofGroup: "everyone").count == 2)
        #expect(cluster.nodes[0].roster.connections(ofUser: "even").count == 1)
        for client in clients { try await client.disconnect() }
        for node in cluster.nodes {
            try await eventually { node.subscriptions.isEmpty }
            #expect(node.roster.count == 0)
            #expect(node.roster.members(ofGroup: "everyone").isEmpty)
            #expect(node.roster.connections(ofUser: "even").isEmpty)
        }
    }

    @Test func addingRacesWithDisconnecting() async throws {
        let cluster = Cluster()
        for round in 0..<100 {
            let client = try await HubTestClient.connect(to: cluster.nodes[round % 2])
            let hub = cluster.nodes[0].hub
            async let added = hub.groups.add(client.connectionID, to: "room")
            async let gone: Void = client.disconnect()
            _ = try await (added, gone)
        }
        for node in cluster.nodes {
            try await eventually { node.subscriptions.isEmpty }
            #expect(node.roster.members(ofGroup: "room").isEmpty)
        }
    }
}
