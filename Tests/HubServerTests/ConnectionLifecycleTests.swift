import HubBackplane
import HubTesting
import NIOCore
import Testing

@testable import HubServer

@Suite(.timeLimit(.minutes(1)))
struct ConnectionLifecycleTests {
    private struct Reset: Error {}

    /// A hub that notes what it is told.
    private func hub(_ journal: Journal, failing: Bool = false, gate: Gate? = nil) -> Hub {
        let hub = Hub()
        hub.onConnected { context in
            journal.note("connected")
            await gate?.arrive()
            if failing { throw HubError("full") }
        }
        hub.onDisconnected { context, error in
            let members = context.connection.endpoint.roster.members(ofGroup: "room").count
            journal.note("disconnected \(error.map { "\($0)" } ?? "in order"), in \(members) group(s)")
        }
        hub.on("Join") { (context) in await context.groups.add(context.connectionID, to: "room") }
        hub.on("Wait") { (_) in
            journal.note("waiting")
            do { try await Task.sleep(for: .seconds(60)) } catch { journal.note("cancelled") }
        }
        return hub
    }

    @Test func hubIsToldOfTheEndWhileTheConnectionIsInItsGroups() async throws {
        let journal = Journal()
        let wire = try await Wire.connected(hub(journal).mounted())
        try await wire.send("{\"type\":1,\"invocationId\":\"1\",\"target\":\"Join\",\"arguments\":[]}␞")
        _ = try await wire.messages(1)
        try await wire.onLoop { wire.transport.end(error: nil) }
        try await eventually { wire.connection.endpoint.connectionCount == 0 }
        #expect(journal.all == ["connected", "disconnected in order, in 1 group(s)"])
    }

    @Test func transportErrorIsTold() async throws {
        let journal = Journal()
        let wire = try await Wire.connected(hub(journal).mounted())
        try await wire.onLoop { wire.transport.end(error: Reset()) }
        try await eventually { wire.connection.endpoint.connectionCount == 0 }
        #expect(journal.all == ["connected", "disconnected Reset(), in 0 group(s)"])
    }

    @Test(arguments: [
        ("{\"type\":7}␞", "in order"), ("{\"type\":7,\"error\":\"tired\"}␞", "tired"),
    ])
    func closeFromTheClientEndsInOrder(message: String, reason: String) async throws {
        let journal = Journal()
        let wire = try await Wire.connected(hub(journal).mounted())
        try await wire.send(message + "{\"type\":1,\"target\":\"Wait\",\"arguments\":[]}␞")
        try await wire.eventually { wire.connection.endpoint.connectionCount == 0 }
        #expect(wire.takeFrames().isEmpty)
        #expect(wire.transport.hubClose == .normal)
        #expect(journal.all == ["connected", "disconnected \(reason), in 0 group(s)"])
    }

    @Test func failingOnConnectedClosesWithoutReconnectAndWithoutOnDisconnected() async throws {
        let journal = Journal()
        let wire = try await Wire.open(hub(journal, failing: true).mounted())
        try await wire.send("{\"protocol\":\"json\",\"version\":1}␞{\"type\":1,\"target\":\"Wait\",\"arguments\":[]}␞")
        try await wire.eventually { wire.connection.endpoint.connectionCount == 0 && wire.transport.hubClose != nil }
        #expect(
            wire.takeFrames() == [
                "{}␞", "{\"type\":7,\"error\":\"Connection closed with an error. HubException: full\"}␞",
            ])
        #expect(wire.transport.hubClose == .normal)
        #expect(journal.all == ["connected"])
    }

    @Test(arguments: [false, true])
    func clientThatGoesWhileOnConnectedRuns(failing: Bool) async throws {
        let journal = Journal()
        let gate = Gate()
        let wire = try await Wire.open(hub(journal, failing: failing, gate: gate).mounted())
        try await wire.send("{\"protocol\":\"json\",\"version\":1}␞")
        try await wire.eventually { !gate.arrivals.isEmpty }
        try await wire.onLoop { wire.transport.end(error: nil) }
        #expect(journal.all == ["connected"])
        gate.open()
        try await wire.eventually { wire.connection.endpoint.connectionCount == 0 }
        #expect(journal.all == (failing ? ["connected"] : ["connected", "disconnected in order, in 0 group(s)"]))
    }

    @Test func invocationsAreCancelledWhenTheConnectionEnds() async throws {
        let journal = Journal()
        let wire = try await Wire.connected(hub(journal).mounted())
        try await wire.send("{\"type\":1,\"invocationId\":\"1\",\"target\":\"Wait\",\"arguments\":[]}␞")
        try await wire.eventually { journal.all.contains("waiting") }
        try await wire.onLoop { wire.transport.end(error: nil) }
        try await eventually { journal.all.contains("cancelled") }
        try await wire.onLoop {}
        #expect(wire.takeFrames().isEmpty)
    }

    @Test(arguments: ["Wait", "WaitLong", "Stream"])
    func whateverRunsIsCancelledWhenTheClientGoesAway(method: String) async throws {
        let journal = Journal()
        let hub = Hub()
        let wait: @Sendable () async -> Void = {
            journal.note("waiting")
            do { try await Task.sleep(for: .seconds(60)) } catch { journal.note("cancelled") }
        }
        hub.on("Wait") { (_) in await wait() }
        hub.on("WaitLong", isLongRunning: true) { (_) in await wait() }
        hub.on("Stream") { (_) in
            AsyncStream<Int>(unfolding: {
                await wait()
                return nil
            })
        }
        let wire = try await Wire.connected(hub.mounted())
        let type = method == "Stream" ? 4 : 1
        try await wire.send("{\"type\":\(type),\"invocationId\":\"1\",\"target\":\"\(method)\",\"arguments\":[]}␞")
        try await wire.eventually { journal.all == ["waiting"] }
        try await wire.onLoop { wire.transport.end(error: Reset()) }
        try await eventually { journal.all == ["waiting", "cancelled"] }
    }

    @Test(arguments: ["client", "server", "transport"])
    func workThatOutlivesItsInvocationHearsOfTheEnd(ending: String) async throws {
        let journal = Journal()
        let hub = Hub()
        hub.on("Begin") { context in
            journal.note("begun, \(context.isConnectionAborted)")
            Task {
                await context.connectionAborted()
                journal.note("aborted, \(context.isConnectionAborted)")
            }
        }
        hub.onDisconnected { context, _ in
            await context.connectionAborted()
            journal.note("disconnected, \(context.isConnectionAborted)")
        }
        let wire = try await Wire.connected(hub.mounted())
        try await wire.send("{\"type\":1,\"invocationId\":\"1\",\"target\":\"Begin\",\"arguments\":[]}␞")
        _ = try await wire.messages(1)
        #expect(journal.all == ["begun, false"])
        switch ending {
        case "client": try await wire.send("{\"type\":7}␞")
        case "server": wire.connection.abort()
        default: try await wire.onLoop { wire.transport.end(error: Reset()) }
        }
        try await wire.eventually { journal.all.count == 3 }
        #expect(Set(journal.all) == ["begun, false", "aborted, true", "disconnected, true"])
    }

    @Test func whoWaitsForTheEndMayStopWaiting() async throws {
        let wire = try await Wire.connected(Hub().mounted())
        let context = HubContext(connection: wire.connection)
        let waiting = Task { await context.connectionAborted() }
        waiting.cancel()
        await waiting.value
        #expect(!context.isConnectionAborted)
        try await wire.onLoop { wire.transport.end(error: nil) }
        await context.connectionAborted()
    }

    @Test func closeWithAllowReconnectIsTheLastMessage() async throws {
        let hub = Hub()
        let wire = try await Wire.connected(hub.mounted())
        try await hub.clients.all.send("Before")
        wire.connection.close(error: "maintenance", allowReconnect: true)
        try await hub.clients.all.send("Between")
        try await wire.onLoop {}
        try await hub.clients.all.send("After")
        try await wire.onLoop {}
        #expect(
            wire.takeMessages().last == "{\"type\":7,\"error\":\"maintenance\",\"allowReconnect\":true}")
        #expect(wire.transport.hubClose == .normal)
        #expect(wire.connection.endpoint.connectionCount == 0)
    }

    @Test func transportThatDoesNotCloseIsCut() async throws {
        let wire = try await Wire.connected(Hub().mounted())
        wire.transport.breakDown()
        wire.connection.abort()
        try await wire.onLoop {}
        #expect(wire.transport.hubClose == .normal)
        #expect(wire.connection.endpoint.connectionCount == 1)
        await wire.pass(seconds: 7)
        #expect(wire.connection.endpoint.connectionCount == 0)
    }

    @Test func claimedIDIsRefusedEverywhere() async throws {
        let backplane = InMemoryBackplane()
        let first = HubServer.testing(on: backplane).mount(Hub(), at: "/hub")
        let second = HubServer.testing(on: backplane).mount(Hub(), at: "/hub")
        #expect(try await first.claim("id", timeToLive: .seconds(60)))
        #expect(try await !first.claim("id", timeToLive: .seconds(60)))
        #expect(try await !second.claim("id", timeToLive: .seconds(60)))
        #expect(try await second.claim("other", timeToLive: .seconds(60)))
    }

    @Test func secondConnectionOfAnIDIsRefusedAndTheFirstLivesOn() async throws {
        let endpoint = Hub().mounted()
        let first = try await Wire.connected(endpoint, id: "same")
        let second = try await Wire.open(endpoint, id: "same")
        try await second.send("{\"protocol\":\"json\",\"version\":1}␞")
        #expect(second.takeFrames() == ["{\"error\":\"Handshake was canceled.\"}␞"])
        try await second.onLoop {}
        #expect(endpoint.connection("same") === first.connection)
        try await endpoint.hub.clients.client("same").send("News")
        #expect(try await first.messages(1).count == 1)
    }

    @Test func unusedReservationStopsListening() async throws {
        let endpoint = Hub().mounted()
        var reservation: ConnectionReservation? = await endpoint.reserve("id")
        #expect(reservation?.id == "id")
        #expect(!endpoint.subscriptions.isEmpty)
        reservation = nil
        #expect(endpoint.subscriptions.isEmpty)
    }
}
