import HubBackplane
import HubTesting
import NIOCore
import NIOEmbedded
import Testing

@testable import HubServer

@Suite(.timeLimit(.minutes(1)))
struct AuthenticationExpirationTests {
    private func identity(_ name: String, seconds: Int?, closes: Bool = true) -> HubIdentity {
        HubIdentity(
            user: ClaimsPrincipal(claims: [("sub", name), ("level", "1")]), userID: name,
            expiration: seconds.map { .now + .seconds($0) }, closesOnExpiration: closes)
    }

    private let closed = "{\"type\":7,\"allowReconnect\":true}"

    private func closing(_ wire: Wire) -> Bool { wire.takeMessages().contains(closed) }

    @Test func aConnectionIsClosedWhenItsAuthenticationEnds() async throws {
        let wire = try await Wire.connected(Hub().mounted(), identity: identity("ada", seconds: 100))
        await wire.pass(seconds: 98)
        #expect(!closing(wire))
        await wire.pass(seconds: 5)
        #expect(closing(wire))
        #expect(wire.transport.hubClose == .normal)
    }

    @Test func othersGoOn() async throws {
        for identity in [identity("ada", seconds: 20, closes: false), identity("ada", seconds: nil)] {
            let wire = try await Wire.connected(Hub().mounted(), identity: identity)
            await wire.pass(seconds: 600)
            #expect(!closing(wire))
        }
    }

    @Test func anEndThatIsFarAwayIsNoEnd() async throws {
        let wire = try await Wire.connected(Hub().mounted(), identity: identity("ada", seconds: 1_000_000_000))
        await wire.pass(seconds: 600)
        #expect(!closing(wire))
    }

    @Test func aNewerTokenCountsFromThenOn() async throws {
        let endpoint = Hub().mounted()
        let wire = try await Wire.connected(endpoint, identity: identity("ada", seconds: 100))
        await wire.pass(seconds: 50)
        let newer = HubIdentity(
            user: ClaimsPrincipal(claims: [("sub", "ada"), ("level", "2")]), userID: "ada",
            expiration: .now + .seconds(200), closesOnExpiration: true)
        #expect(await endpoint.authenticate("wire", as: newer) == .done)
        await wire.loop.run()
        #expect(HubContext(connection: wire.connection).user?.first("level") == "2")
        await wire.pass(seconds: 190)
        #expect(!closing(wire))
        await wire.pass(seconds: 20)
        #expect(closing(wire))
    }

    @Test func theNodeThatHoldsTheConnectionIsToldOfANewerToken() async throws {
        let backplane = InMemoryBackplane()
        let hub = Hub()
        hub.on("Level") { (context) in context.user?.first("level") ?? "-" }
        let home = HubServer.testing(on: backplane).mount(hub, at: "/hub") { before, after in
            before?.first("level") == "1" && after.first("level") == "2"
        }
        let other = HubServer.testing(on: backplane).mount(Hub(), at: "/hub")
        let client = try await HubTestClient.connect(to: home, user: identity("ada", seconds: nil).user)
        #expect(try await client.invoke("Level", returning: String.self) == "1")
        func show(_ level: String, to id: String) async -> CommandOutcome? {
            let user = ClaimsPrincipal(claims: [("sub", "ada"), ("level", level)])
            return await other.authenticate(id, as: HubIdentity(user: user, userID: "ada"))
        }
        #expect(await show("3", to: client.connectionID) == .refused)
        #expect(try await client.invoke("Level", returning: String.self) == "1")
        #expect(await show("2", to: client.connectionID) == .done)
        #expect(try await client.invoke("Level", returning: String.self) == "2")
        #expect(await show("2", to: "nobody") == .notFound)
    }
}
