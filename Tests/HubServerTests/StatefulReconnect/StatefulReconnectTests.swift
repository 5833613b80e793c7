import HubProtocol
import HubTesting
import NIOCore
import NIOEmbedded
import Synchronization
import Testing

@testable import HubServer

/// Connections that go on over another socket, with a time that the test turns.
@Suite(.timeLimit(.minutes(1))) struct StatefulReconnectTests {
    let journal = Journal()
    let hub = Hub()

    init() {
        let journal = journal
        hub.onConnected { _ in journal.note("connected") }
        hub.onDisconnected { _, error in journal.note(error.map { "\($0)" } ?? "in order") }
        hub.on("Echo") { (_, text: String) in text }
        hub.on("Note") { (_, text: String) in journal.note(text) }
    }

    func connected(
        _ options: HubOptions = HubOptions(), version: Int = 2, isAgreed: Bool = true,
        identity: HubIdentity = .anonymous
    ) async throws -> (Wire, HubEndpoint) {
        let endpoint = hub.mounted(options: options)
        let wire = try await Wire.open(endpoint, identity: identity, usesStatefulReconnect: isAgreed)
        try await wire.send("{\"protocol\":\"json\",\"version\":\(version)}␞")
        try await wire.eventually { journal.all.contains("connected") && wire.transport.isReading }
        #expect(wire.takeFrames() == ["{}␞"])
        return (wire, endpoint)
    }

    func invocation(_ target: String, _ id: Int?, _ argument: String) -> String {
        let id = id.map { "\"invocationId\":\"\($0)\"," } ?? ""
        return "{\"type\":1,\(id)\"target\":\"\(target)\",\"arguments\":[\"\(argument)\"]}␞"
    }

    func news(_ number: Int) -> String { "{\"type\":1,\"target\":\"news\",\"arguments\":[\(number)]}" }

    func send(_ numbers: ClosedRange<Int>, _ wire: Wire) async throws {
        for number in numbers { try await hub.clients.all.send("news", number) }
        try await wire.onLoop {}
    }

    // MARK: Counting

    @Test func whatCameIsAcknowledgedWithinASecondAndOnce() async throws {
        let (wire, _) = try await connected()
        for number in 1...3 { try await wire.send(invocation("Note", nil, "\(number)")) }
        try await wire.send("{\"type\":6}␞{\"type\":99}␞")
        await wire.pass(seconds: 1)
        #expect(wire.takeMessages() == ["{\"type\":8,\"sequenceId\":3}"])
        await wire.pass(seconds: 10)
        #expect(wire.takeMessages().isEmpty)
    }

    @Test func messagesThatCannotBeBoundCountToo() async throws {
        let (wire, _) = try await connected()
        try await wire.send(invocation("Nowhere", nil, "") + "{\"type\":1,\"target\":\"Echo\",\"arguments\":[1,2]}␞")
        try await wire.send("{\"type\":2,\"invocationId\":\"none\",\"item\":1}␞{\"type\":3,\"invocationId\":\"none\"}␞")
        try await wire.send("{\"type\":5,\"invocationId\":\"none\"}␞")
        await wire.pass(seconds: 1)
        #expect(wire.takeMessages() == ["{\"type\":8,\"sequenceId\":5}"])
    }

    @Test(arguments: [(1, true), (2, false), (1, false)]) func nothingIsCountedUnlessBothHaveAgreed(
        version: Int, isAgreed: Bool
    ) async throws {
        let (wire, endpoint) = try await connected(version: version, isAgreed: isAgreed)
        try await wire.send(
            invocation("Note", nil, "1") + "{\"type\":8,\"sequenceId\":9}␞{\"type\":9,\"sequenceId\":-9}␞")
        try await wire.eventually { journal.all.contains("1") }
        await wire.pass(seconds: 5)
        #expect(wire.takeMessages().isEmpty)
        let exchange = ExchangeOfTest()
        endpoint.home("wire")?.take(.webSocket(PeerOfTest()), identity: .anonymous, from: exchange)
        try await wire.onLoop {}
        #expect(try await exchange.refusal() == .alreadyAttached)
        try await wire.onLoop { wire.transport.lose() }
        try await wire.eventually { journal.all.count == 3 }
    }

    // MARK: Resuming

    /// A socket that takes the connection over.
    func resume(
        _ endpoint: HubEndpoint, _ wire: Wire, identity: HubIdentity = .anonymous
    ) async throws -> ResumedSocket {
        let socket = ResumedSocket()
        let exchange = ExchangeOfTest()
        let home = try #require(endpoint.home("wire"))
        home.take(.webSocket(socket.peer), identity: identity, from: exchange)
        try await wire.onLoop {}
        guard case .opened(let peer) = try await exchange.value() else { throw HubTestError.closed }
        socket.opened(peer)
        return socket
    }

    @Test func whatWasNotAcknowledgedComesAgainOnAnotherSocket() async throws {
        let (wire, endpoint) = try await connected()
        try await send(1...3, wire)
        #expect(wire.takeMessages() == [1, 2, 3].map(news))
        try await wire.send("{\"type\":8,\"sequenceId\":2}␞")
        try await wire.onLoop { wire.transport.lose() }
        try await send(4...4, wire)
        let socket = try await resume(endpoint, wire)
        #expect(socket.takeMessages() == ["{\"type\":9,\"sequenceId\":3}", news(3), news(4)])
        try await send(5...5, wire)
        #expect(socket.takeMessages() == [news(5)])
        #expect(journal.all == ["connected"])
        #expect(socket.closes.isEmpty)
    }

    @Test func theClientsRepetitionsAreDoneOnceAndAcknowledgedAgain() async throws {
        let (wire, endpoint) = try await connected()
        try await wire.send(invocation("Note", nil, "1") + invocation("Note", nil, "2"))
        await wire.pass(seconds: 1)
        // The acknowledgement is lost, and so is the end of the third message.
        try await wire.send(String(invocation("Note", nil, "3").prefix(20)))
        try await wire.onLoop { wire.transport.lose() }
        let socket = try await resume(endpoint, wire)
        #expect(socket.takeMessages() == ["{\"type\":9,\"sequenceId\":1}"])
        socket.send("{\"type\":9,\"sequenceId\":1}␞")
        for number in 1...4 { socket.send(invocation("Note", nil, "\(number)")) }
        try await wire.eventually { journal.all.count == 5 }
        #expect(journal.all == ["connected", "1", "2", "3", "4"])
        await wire.pass(seconds: 1)
        #expect(socket.takeMessages() == ["{\"type\":8,\"sequenceId\":4}"])
    }

    @Test func aSocketTakesOverFromOneThatStillSeemsOpen() async throws {
        let (wire, endpoint) = try await connected()
        try await send(1...1, wire)
        let first = try await resume(endpoint, wire)
        #expect(wire.transport.hubClose == nil)
        let second = try await resume(endpoint, wire)
        #expect(first.closes == [.abort])
        #expect(second.takeMessages() == ["{\"type\":9,\"sequenceId\":1}", news(1)])
        // What an older one still says is nobody's.
        first.send(invocation("Note", nil, "old"))
        first.end(.graceful)
        try await wire.send(invocation("Note", nil, "older"))
        second.send(invocation("Note", nil, "new"))
        try await wire.eventually { journal.all.count == 2 }
        #expect(journal.all == ["connected", "new"])
    }

    @Test func aClientThatStaysAwayIsDisconnectedInTheEnd() async throws {
        let (wire, endpoint) = try await connected()
        try await wire.onLoop { wire.transport.lose() }
        await wire.pass(seconds: 14)
        #expect(journal.all == ["connected"])
        await wire.pass(seconds: 3)
        try await wire.eventually { journal.all.count == 2 && endpoint.home("wire") == nil }
        #expect(endpoint.connectionCount == 0)
    }

    @Test func theClientTimeoutRunsWhileTheClientIsAway() async throws {
        var options = HubOptions()
        options.keepAliveInterval = .seconds(5)
        options.clientTimeoutInterval = .seconds(5)
        let (wire, _) = try await connected(options)
        try await wire.send("{\"type\":6}␞")
        try await wire.onLoop { wire.transport.lose() }
        await wire.pass(seconds: 7)
        try await wire.eventually { journal.all.count == 2 }
        #expect(journal.all.last?.hasPrefix("Client hasn't sent") == true)
    }

    @Test func aResumedConnectionIsPingedAndTimedLikeAnyOther() async throws {
        let (wire, endpoint) = try await connected()
        try await wire.send("{\"type\":6}␞")
        await wire.pass(seconds: 10)
        try await wire.onLoop { wire.transport.lose() }
        await wire.pass(seconds: 10)
        let socket = try await resume(endpoint, wire)
        _ = socket.takeMessages()
        await wire.pass(seconds: 28)
        #expect(socket.takeMessages().filter { $0 == "{\"type\":6}" }.count >= 1)
        #expect(journal.all == ["connected"])
        await wire.pass(seconds: 5)
        #expect(socket.takeMessages().last?.hasPrefix("{\"type\":7,") == true)
        socket.end(.graceful)
        try await wire.eventually { journal.all.count == 2 }
    }

    // MARK: The end

    @Test(arguments: [0, -1, 3, .max] as [Int64]) func aSequenceThatCannotBeEndsTheConnection(id: Int64) async throws {
        let (wire, endpoint) = try await connected()
        try await wire.send(invocation("Note", nil, "1"))
        let socket = try await resume(endpoint, wire)
        socket.send("{\"type\":9,\"sequenceId\":\(id)}␞")
        try await wire.onLoop {}
        #expect(
            socket.takeMessages().last
                == "{\"type\":7,\"error\":\"Connection closed with an error.\",\"allowReconnect\":true}")
        #expect(socket.closes == [.normal])
        let exchange = ExchangeOfTest()
        endpoint.home("wire")?.take(.webSocket(PeerOfTest()), identity: .anonymous, from: exchange)
        try await wire.onLoop {}
        #expect(try await exchange.refusal() == .unknownConnection)
    }

    @Test func anAcknowledgementOfWhatWasNeverSentEndsTheConnection() async throws {
        let (wire, _) = try await connected()
        try await wire.send("{\"type\":8,\"sequenceId\":1}␞")
        #expect(wire.takeMessages().first?.hasPrefix("{\"type\":7,") == true)
        #expect(wire.transport.hubClose == .normal)
    }

    @Test func aConnectionThatIsToldItsEndCannotBeResumed() async throws {
        let (wire, endpoint) = try await connected()
        wire.transport.breakDown()
        wire.connection.close(error: nil, allowReconnect: true)
        try await wire.onLoop {}
        #expect(wire.takeMessages() == ["{\"type\":7,\"allowReconnect\":true}"])
        let exchange = ExchangeOfTest()
        endpoint.home("wire")?.take(.webSocket(PeerOfTest()), identity: .anonymous, from: exchange)
        try await wire.onLoop {}
        #expect(try await exchange.refusal() == .unknownConnection)
        try await wire.onLoop { wire.transport.lose() }
        try await wire.eventually { journal.all == ["connected", "in order"] }
    }

    @Test(arguments: [true, false]) func closingOneThatIsAwayEndsItAtOnce(isShutdown: Bool) async throws {
        let (wire, endpoint) = try await connected()
        try await send(1...1, wire)
        try await wire.onLoop { wire.transport.lose() }
        if isShutdown {
            async let shutdown: Void = endpoint.server.shutdown()
            try await wire.eventually { endpoint.connectionCount == 0 }
            await shutdown
        } else {
            wire.connection.abort()
        }
        try await wire.eventually { journal.all == ["connected", "in order"] }
    }

    @Test func aConnectionThatHasEndedIsUnknownWhileTheHubIsStillTold() async throws {
        let gate = Gate()
        let hub = Hub()
        hub.onDisconnected { _, _ in await gate.arrive() }
        let endpoint = hub.mounted()
        let wire = try await Wire.open(endpoint, usesStatefulReconnect: true)
        try await wire.send("{\"protocol\":\"json\",\"version\":2}␞")
        try await wire.onLoop { wire.transport.end(error: nil) }
        try await wire.eventually { !gate.arrivals.isEmpty }
        let exchange = ExchangeOfTest()
        try #require(endpoint.home("wire"))
            .take(.webSocket(PeerOfTest()), identity: .anonymous, from: exchange)
        try await wire.onLoop {}
        #expect(try await exchange.refusal() == .unknownConnection)
        gate.open()
    }

    @Test func aCloseFrameOrMessageOfTheClientIsMeant() async throws {
        let (wire, _) = try await connected()
        try await wire.onLoop { wire.transport.end(error: nil) }
        try await wire.eventually { journal.all == ["connected", "in order"] }
    }

    @Test func anotherUserTakesNothingOver() async throws {
        let ada = HubIdentity(userID: "ada")
        let (wire, endpoint) = try await connected(identity: ada)
        for userID in ["eve", nil] {
            let exchange = ExchangeOfTest()
            endpoint.home("wire")?.take(.webSocket(PeerOfTest()), identity: HubIdentity(userID: userID), from: exchange)
            try await wire.onLoop {}
            #expect(try await exchange.refusal() == .unknownConnection)
        }
        _ = try await resume(endpoint, wire, identity: ada)
    }

    @Test func theEndOfATokenHoldsOnAnotherSocketToo() async throws {
        let (wire, endpoint) = try await connected()
        let user = ClaimsPrincipal(claims: [("role", "reader")])
        let socket = try await resume(
            endpoint, wire,
            identity: HubIdentity(user: user, expiration: .now + .seconds(5), closesOnExpiration: true))
        #expect(wire.connection.principal.withLock { $0 } == user)
        await wire.pass(seconds: 8)
        #expect(socket.takeMessages().last == "{\"type\":7,\"allowReconnect\":true}")
    }
}
