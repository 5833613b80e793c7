import HubBackplane
import HubTesting
import Testing

@testable import HubServer

/// Who is there, on three nodes of which each can be cut off.
@Suite(.timeLimit(.minutes(1)))
struct PresenceTests {
    private struct Nodes: Sendable {
        static let leaseTime = Duration.milliseconds(900)

        let base = InMemoryBackplane()
        let backplanes: [FaultyBackplane]
        let endpoints: [HubEndpoint]
        var hubs: [Hub] { endpoints.map(\.hub) }

        init(tracksPresence: Bool) {
            let backplanes = (0..<3).map { [base] _ in FaultyBackplane(base: base) }
            self.backplanes = backplanes
            endpoints = backplanes.map {
                HubServer.testing(on: $0, leaseTime: Self.leaseTime)
                    .mount(Hub(tracksPresence: tracksPresence), at: "/hub")
            }
        }

        func client(_ node: Int, user: String? = nil) async throws -> HubTestClient {
            let before = endpoints[node].roster.count
            let client = try await HubTestClient.connect(to: endpoints[node], userID: user)
            try await eventually { endpoints[node].roster.count > before }
            return client
        }
    }

    private func withNodes(
        tracksPresence: Bool = true, _ body: (Nodes) async throws -> Void
    ) async throws {
        let nodes = Nodes(tracksPresence: tracksPresence)
        let holding = nodes.endpoints.map { endpoint in Task { await endpoint.server.leases.hold() } }
        defer { for task in holding { task.cancel() } }
        try await eventually { nodes.endpoints.allSatisfy { $0.server.leases.term != nil } }
        try await body(nodes)
    }

    @Test func membersOfAGroupAreListedAndCountedOnAllNodes() async throws {
        try await withNodes { nodes in
            var ids: Set<String> = []
            for node in 0..<3 {
                for _ in 0...node {
                    let client = try await nodes.client(node)
                    // From another node than the one that holds it.
                    #expect(await nodes.hubs[(node + 1) % 3].groups.add(client.connectionID, to: "room") == .done)
                    ids.insert(client.connectionID)
                    for hub in nodes.hubs {
                        #expect(try await hub.presence.members(ofGroup: "room") == ids)
                        #expect(try await hub.presence.memberCount(ofGroup: "room") == ids.count)
                    }
                }
            }
            #expect(try await nodes.hubs[0].presence.members(ofGroup: "nobody").isEmpty)
            #expect(try await nodes.hubs[0].presence.memberCount(ofGroup: "Room") == 0, "names are case-sensitive")
        }
    }

    @Test func whoLeavesOrIsGoneIsNotCounted() async throws {
        try await withNodes { nodes in
            var clients: [HubTestClient] = []
            for node in 0..<3 {
                clients.append(try await nodes.client(node))
                await nodes.hubs[0].groups.add(clients[node].connectionID, to: "room")
            }
            await nodes.hubs[0].groups.remove(clients[1].connectionID, from: "room")
            let presence = nodes.hubs[2].presence
            try await eventually {
                try await presence.members(ofGroup: "room") == [clients[0].connectionID, clients[2].connectionID]
            }
            try await clients[0].disconnect()
            try await eventually { try await presence.members(ofGroup: "room") == [clients[2].connectionID] }
        }
    }

    @Test func aUsersConnectionsAreListedOnAllNodes() async throws {
        try await withNodes { nodes in
            var ada: [HubTestClient] = []
            for node in 0..<3 { ada.append(try await nodes.client(node, user: "ada")) }
            _ = try await nodes.client(0, user: "bob")
            _ = try await nodes.client(0)
            for hub in nodes.hubs {
                try await eventually {
                    try await hub.presence.connections(ofUser: "ada") == Set(ada.map(\.connectionID))
                }
                // What the nodes write of the one says nothing of the other.
                try await eventually { try await hub.presence.connectionCount(ofUser: "bob") == 1 }
                #expect(try await hub.presence.connectionCount(ofUser: "nobody") == 0)
            }
            try await ada[1].disconnect()
            try await eventually { try await nodes.hubs[0].presence.connectionCount(ofUser: "ada") == 2 }
        }
    }

    @Test func aDeadNodeIsLeftOut() async throws {
        try await withNodes { nodes in
            for node in 0..<3 {
                let client = try await nodes.client(node, user: "ada")
                await nodes.hubs[node].groups.add(client.connectionID, to: "room")
            }
            try await eventually { try await nodes.hubs[0].presence.connectionCount(ofUser: "ada") == 3 }
            nodes.backplanes[2].setAway(true)
            let start = ContinuousClock.now
            for hub in nodes.hubs[0..<2] {
                try await eventually { try await hub.presence.memberCount(ofGroup: "room") == 2 }
                try await eventually { try await hub.presence.connectionCount(ofUser: "ada") == 2 }
            }
            #expect(ContinuousClock.now - start < Nodes.leaseTime * 5)
            nodes.backplanes[2].setAway(false)
            for hub in nodes.hubs {
                try await eventually { try await hub.presence.memberCount(ofGroup: "room") == 3 }
            }
        }
    }

    @Test func whatChangedWhileTheBackplaneWasAwayIsWrittenLater() async throws {
        try await withNodes { nodes in
            let (one, two) = (try await nodes.client(0), try await nodes.client(0))
            let presence = nodes.hubs[1].presence
            for client in [one, two] { await nodes.hubs[0].groups.add(client.connectionID, to: "left") }
            nodes.backplanes[0].setAway(true)
            await nodes.hubs[0].groups.add(one.connectionID, to: "joined")
            for client in [one, two] { await nodes.hubs[0].groups.remove(client.connectionID, from: "left") }
            nodes.backplanes[0].setAway(false)
            try await eventually { try await presence.members(ofGroup: "joined") == [one.connectionID] }
            try await eventually { try await presence.memberCount(ofGroup: "left") == 0 }
        }
    }

    @Test func whatTheBackplaneHasLostIsWrittenAgain() async throws {
        try await withNodes { nodes in
            let client = try await nodes.client(0, user: "ada")
            await nodes.hubs[0].groups.add(client.connectionID, to: "room")
            let server = nodes.endpoints[0].server
            let key = server.names.groupMembers("room", hub: "/hub", node: server.node)
            try await nodes.base.replace(key, with: [], timeToLive: .seconds(60))
            #expect(try await nodes.hubs[1].presence.memberCount(ofGroup: "room") == 0)
            nodes.backplanes[0].setAway(true)
            nodes.backplanes[0].setAway(false)
            try await eventually { try await nodes.hubs[1].presence.memberCount(ofGroup: "room") == 1 }
        }
    }

    @Test func manyThatComeAndGoAtOnceAreCountedRight() async throws {
        try await withNodes { nodes in
            var clients: [HubTestClient] = []
            for number in 0..<20 { clients.append(try await nodes.client(number % 2)) }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for (number, client) in clients.enumerated() {
                    group.addTask {
                        for round in 0...number % 4 {
                            await nodes.hubs[2].groups.add(client.connectionID, to: "room")
                            if round < number % 4 {
                                await nodes.hubs[2].groups.remove(client.connectionID, from: "room")
                            }
                        }
                        if number % 5 == 0 { try await client.disconnect() }
                    }
                }
                try await group.waitForAll()
            }
            let staying = Set(clients.enumerated().filter { $0.offset % 5 != 0 }.map(\.element.connectionID))
            try await eventually { try await nodes.hubs[2].presence.members(ofGroup: "room") == staying }
        }
    }

    @Test(arguments: [false, true]) func existenceIsToldOnAnyHub(tracksPresence: Bool) async throws {
        try await withNodes(tracksPresence: tracksPresence) { nodes in
            let client = try await nodes.client(0, user: "ada")
            await nodes.hubs[0].groups.add(client.connectionID, to: "room")
            for hub in nodes.hubs {
                #expect(try await hub.presence.connectionExists(client.connectionID))
                #expect(try await hub.presence.groupExists("room"))
                #expect(try await hub.presence.userExists("ada"))
                #expect(try await !hub.presence.connectionExists("nobody"))
                #expect(try await !hub.presence.groupExists("nobody"))
                #expect(try await !hub.presence.userExists("nobody"))
            }
        }
    }

    @Test func aHubThatKeepsNoListsSaysSoAndWritesNothing() async throws {
        try await withNodes(tracksPresence: false) { nodes in
            let client = try await nodes.client(0, user: "ada")
            await nodes.hubs[0].groups.add(client.connectionID, to: "room")
            let presence = nodes.hubs[0].presence
            await #expect(throws: HubPresenceError.notTracked) { try await presence.members(ofGroup: "room") }
            await #expect(throws: HubPresenceError.notTracked) { try await presence.connectionCount(ofUser: "ada") }
            let server = nodes.endpoints[0].server
            let keys = [
                server.names.groupMembers("room", hub: "/hub", node: server.node),
                server.names.userConnections("ada", hub: "/hub", node: server.node),
            ]
            #expect(try await nodes.base.memberCounts(of: keys) == [0, 0])
        }
    }

    @Test func withTheBackplaneAwayNobodyCanSay() async throws {
        try await withNodes { nodes in
            nodes.backplanes[0].setAway(true)
            let presence = nodes.hubs[0].presence
            await #expect(throws: HubPresenceError.unavailable) { try await presence.members(ofGroup: "room") }
            await #expect(throws: HubPresenceError.unavailable) { try await presence.memberCount(ofGroup: "room") }
            await #expect(throws: HubPresenceError.unavailable) { try await presence.connectionExists("somebody") }
        }
    }
}
