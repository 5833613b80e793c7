import HubBackplane
import HubProtocol
import HubTesting
import NIOCore
import Testing

@testable import HubServer

@Suite(.timeLimit(.minutes(1)))
struct ShutdownTests {
    @Test func clientsAreToldToReconnectAndTheHubIsTold() async throws {
        let journal = Journal()
        let hub = Hub()
        hub.onDisconnected { _, error in journal.note("disconnected \(error == nil)") }
        let server = HubServer.testing()
        let endpoint = server.mount(hub, at: "/hub")
        var clients: [HubTestClient] = []
        for _ in 0..<20 { clients.append(try await HubTestClient.connect(to: endpoint)) }
        try await eventually { endpoint.connectionCount == 20 }
        await server.shutdown()
        #expect(server.isShuttingDown)
        #expect(endpoint.connectionCount == 0)
        #expect(journal.all == Array(repeating: "disconnected true", count: 20))
        for client in clients {
            let close = try await client.close()
            #expect(close.allowReconnect)
            #expect(close.error == nil)
            #expect(client.transport.hubClose == .goingAway)
        }
        await server.shutdown()
    }

    @Test func whatWaitsIsSentFirstAndWhatDoesNotEndIsCut() async throws {
        var options = HubOptions()
        options.shutdownTimeout = .milliseconds(100)
        let server = HubServer.testing(options: options)
        let endpoint = server.mount(Hub(), at: "/hub")
        let stuck = try await HubTestClient.connect(to: endpoint)
        try await eventually { endpoint.connectionCount == 1 }
        stuck.transport.breakDown()
        await server.shutdown()
        #expect(stuck.transport.hubClose == .goingAway)
        #expect(endpoint.connectionCount == 0)
    }

    @Test func aCallbackThatHangsDoesNotHoldUpTheProcess() async throws {
        var options = HubOptions()
        options.shutdownTimeout = .milliseconds(50)
        let gate = Gate()
        let hub = Hub()
        hub.onDisconnected { _, _ in await gate.arrive() }
        let server = HubServer.testing(options: options)
        let endpoint = server.mount(hub, at: "/hub")
        _ = try await HubTestClient.connect(to: endpoint)
        try await eventually { endpoint.connectionCount == 1 }
        await server.shutdown()
        #expect(gate.arrivals.count == 1)
        gate.open()
    }

    @Test func clientsThatWaitForAMethodAreToldWhenItHasReturned() async throws {
        var options = HubOptions()
        options.drainTimeout = .seconds(30)
        let gate = Gate()
        let hub = Hub()
        hub.on("Wait") { _ in await gate.arrive() }
        let server = HubServer.testing(options: options)
        let endpoint = server.mount(hub, at: "/hub")
        let busy = try await HubTestClient.connect(to: endpoint)
        let idle = try await HubTestClient.connect(to: endpoint)
        async let answer: Void = busy.invoke("Wait")
        try await eventually { gate.arrivals.count == 1 }
        async let shutdown: Void = server.shutdown()
        #expect(try await idle.close().allowReconnect)
        #expect(endpoint.connectionCount == 1)
        #expect(busy.transport.hubClose == nil)
        gate.open()
        try await answer
        #expect(try await busy.close().allowReconnect)
        await shutdown
    }

    @Test func afterTheDrainTimeEverybodyIsTold() async throws {
        var options = HubOptions()
        options.drainTimeout = .milliseconds(100)
        let gate = Gate()
        let hub = Hub()
        hub.on("Wait") { _ in await gate.arrive() }
        let server = HubServer.testing(options: options)
        let client = try await HubTestClient.connect(to: server.mount(hub, at: "/hub"))
        try await client.send("Wait")
        try await eventually { gate.arrivals.count == 1 }
        await server.shutdown()
        #expect(client.transport.hubClose == .goingAway)
        gate.open()
    }

    @Test(arguments: [(1, 25), (10_000, 25), (15_000, 34), (1_000_000, 2223)])
    func clientsAreGoneInThreeQuartersOfTheTime(connections: Int, perStep: Int) {
        #expect(Departures(connections: connections, time: .seconds(30)).perStep == perStep)
        #expect(Departures(connections: connections, time: .zero).perStep >= min(connections, 25))
    }

    @Test func latecomersAreSentAwayAtOnce() async throws {
        let server = HubServer.testing()
        let endpoint = server.mount(Hub(), at: "/hub")
        await server.shutdown()
        let wire = try await Wire.open(endpoint)
        #expect(wire.transport.hubClose == .goingAway)
    }
}
