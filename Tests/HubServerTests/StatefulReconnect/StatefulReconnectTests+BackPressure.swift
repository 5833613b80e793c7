import HubProtocol
import HubTesting
import NIOCore
import NIOEmbedded
import Synchronization
import Testing

@testable import HubServer

/// What happens when the client acknowledges or takes too little.
extension StatefulReconnectTests {
    @Test func whenTooMuchIsNotAcknowledgedTheRestWaits() async throws {
        var options = HubOptions()
        options.statefulReconnectBufferSize = 120
        options.transportSendTimeout = .seconds(2)
        let (wire, endpoint) = try await connected(options)
        for number in 1...9 { try await send(number...number, wire) }
        #expect(wire.takeMessages() == [1, 2, 3].map(news))
        // Nor is that the transport's fault, and pings get through.
        await wire.pass(seconds: 16)
        #expect(wire.takeMessages() == ["{\"type\":6}"])
        try await wire.send("{\"type\":8,\"sequenceId\":1}␞")
        #expect(wire.takeMessages() == (4...9).map(news))
        try await wire.onLoop { wire.transport.lose() }
        let socket = try await resume(endpoint, wire)
        #expect(socket.takeMessages() == ["{\"type\":9,\"sequenceId\":2}"] + (2...9).map(news))
        try await send(10...10, wire)
        #expect(socket.takeMessages().isEmpty)
        socket.send("{\"type\":9,\"sequenceId\":1}␞{\"type\":8,\"sequenceId\":9}␞")
        try await wire.onLoop {}
        #expect(socket.takeMessages() == [news(10)])
        #expect(journal.all == ["connected"])
    }

    @Test func aFullBufferDoesNotHoldUpTheEnd() async throws {
        var options = HubOptions()
        options.statefulReconnectBufferSize = 10
        let (wire, _) = try await connected(options)
        for number in 1...3 { try await send(number...number, wire) }
        #expect(wire.takeMessages() == [news(1)])
        wire.connection.close(error: nil, allowReconnect: false)
        try await wire.onLoop {}
        #expect(wire.takeMessages() == [news(2), news(3), "{\"type\":7}"])
    }

    @Test func moreThanMayWaitForAClientThatIsAwayEndsIt() async throws {
        var options = HubOptions()
        options.maximumOutboxSize = 200
        let (wire, _) = try await connected(options)
        try await wire.onLoop { wire.transport.lose() }
        for number in 1...10 { try await send(number...number, wire) }
        try await wire.eventually { journal.all.count == 2 }
        #expect(journal.all.last == "\(HubConnectionError.tooSlow)")
    }

    @Test func whatIsWrittenAgainKeepsToTheWindow() async throws {
        let (wire, endpoint) = try await connected()
        let socket = try await resumeWithTooMuch(endpoint, wire)
        try await send(1...1, wire)
        // A sequence, and as many of the texts as make the window full.
        #expect(socket.takeMessages().count == 4)
        socket.consume(50_000)
        try await wire.onLoop {}
        let rest = socket.takeMessages()
        #expect(rest.count == 2)
        #expect(rest.last == news(1))
    }

    @Test func aClientThatTakesNothingOfWhatIsWrittenAgainIsCut() async throws {
        let (wire, endpoint) = try await connected()
        let socket = try await resumeWithTooMuch(endpoint, wire)
        await wire.pass(seconds: 8)
        #expect(socket.closes.isEmpty)
        await wire.pass(seconds: 5)
        #expect(socket.closes == [.abort])
        try await wire.eventually { journal.all == ["connected", "\(HubConnectionError.tooSlow)"] }
    }

    /// More waits for the client than goes to it at once.
    private func resumeWithTooMuch(_ endpoint: HubEndpoint, _ wire: Wire) async throws -> ResumedSocket {
        for _ in 1...4 {
            try await hub.clients.all.send("text", String(repeating: "x", count: 24_000))
            try await wire.onLoop {}
        }
        try await wire.onLoop { wire.transport.lose() }
        return try await resume(endpoint, wire)
    }
}
