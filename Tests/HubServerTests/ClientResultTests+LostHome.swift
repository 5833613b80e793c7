import HubBackplane
import HubTesting
import Testing

@testable import HubServer

extension ClientResultTests {
    /// A node that holds a connection of the hub and never renews its lease, and the one that asks, with its lease.
    private func dyingHome(_ faults: FaultyBackplane.Faults) async throws -> (asker: HubEndpoint, HubTestClient) {
        let backplane = InMemoryBackplane()
        let home = HubServer.testing(on: FaultyBackplane(base: backplane, faults: faults)).mount(Hub(), at: "/hub")
        let asker = HubServer.testing(on: backplane, leaseTime: .milliseconds(300)).mount(Hub(), at: "/hub")
        return (asker, try await HubTestClient.connect(to: home))
    }

    @Test func aNodeThatDiesFailsTheCallWhenItIsJudgedDead() async throws {
        let (asker, client) = try await dyingHome(FaultyBackplane.Faults())
        let proxy = asker.hub.clients.client(client.connectionID)
        let asking = Task { try await proxy.invoke("Answer", returning: Int.self) }
        _ = try await client.next("Answer")
        let holding = Task { await asker.server.leases.hold() }
        await #expect(throws: HubClientResultError.connectionDisconnected(client.connectionID)) {
            try await asking.value
        }
        holding.cancel()
    }

    @Test func aNodeThatNeverSaysAWordHoldsNoConnection() async throws {
        var faults = FaultyBackplane.Faults()
        faults.lostMessages = 1
        let (asker, client) = try await dyingHome(faults)
        await #expect(throws: HubClientResultError.connectionDoesNotExist(client.connectionID)) {
            try await asker.hub.clients.client(client.connectionID).invoke("Answer", returning: Int.self)
        }
    }
}
