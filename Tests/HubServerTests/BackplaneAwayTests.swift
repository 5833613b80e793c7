import HubBackplane
import HubTesting
import Testing

@testable import HubServer

@Suite(.timeLimit(.minutes(1)))
struct BackplaneAwayTests {
    @Test func localClientsAreServedAndSubscriptionsAreMadeUpFor() async throws {
        let backplane = FaultyBackplane()
        backplane.setAway(true)
        let cluster = Cluster(on: backplane)
        let clients = try await cluster.clients()
        try await cluster.nodes[0].hub.clients.all.send("News")
        try await cluster.nodes[0].hub.clients.group("everyone").send("News")
        try await cluster.nodes[0].hub.clients.client(clients[3].connectionID).send("News")
        #expect(try await clients.told(4) == [0, 0, 1, 1])

        backplane.setAway(false)
        try await eventually { cluster.nodes.allSatisfy { $0.subscriptions.isComplete } }
        try await cluster.nodes[0].hub.clients.group("everyone").send("News")
        try await cluster.nodes[0].hub.clients.client(clients[3].connectionID).send("News")
        #expect(try await clients.told(9) == [0, 0, 0, 1, 1, 1, 2, 3, 3])
        for client in clients { try await client.disconnect() }
        for node in cluster.nodes { try await eventually { node.subscriptions.isEmpty } }
    }

    @Test func claimCannotBeMade() async throws {
        let backplane = FaultyBackplane()
        let endpoint = HubServer.testing(on: backplane).mount(Hub(), at: "/hub")
        backplane.setAway(true)
        await #expect(throws: BackplaneError.self) { try await endpoint.claim("id", timeToLive: .seconds(1)) }
    }

    @Test func commandToAnotherNodeEndsAtOnce() async throws {
        let backplane = FaultyBackplane()
        let hub = Hub()
        _ = HubServer.testing(on: backplane).mount(hub, at: "/hub")
        backplane.setAway(true)
        let start = ContinuousClock.now
        await hub.groups.add("elsewhere", to: "room")
        #expect(ContinuousClock.now - start < .seconds(1.9))
    }

    @Test func nodeThatDoesNotAnswerIsWaitedForTwoSeconds() async throws {
        let backplane = InMemoryBackplane()
        let hub = Hub()
        _ = HubServer.testing(on: backplane).mount(hub, at: "/hub")
        let channel = BackplaneNames(app: "test").connection("frozen")
        let subscription = try await backplane.subscribe(to: channel) { _ in }
        let start = ContinuousClock.now
        await hub.groups.add("frozen", to: "room")
        #expect(ContinuousClock.now - start > .seconds(1.9))
        subscription.cancel()
    }
}
