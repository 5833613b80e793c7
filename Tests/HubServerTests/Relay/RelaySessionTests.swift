import HubBackplane
import HubProtocol
import NIOConcurrencyHelpers
import NIOCore
import Testing

@testable import HubServer

/// Sessions between an edge and a home on different nodes.
@Suite(.timeLimit(.minutes(1))) struct RelaySessionTests {
    private let cast = RelayCast()
    private let edgePeer = PeerOfTest()
    private let homePeer = PeerOfTest()
    private let first = ConnectionRequest(path: "/chat", query: [("a", "b")], transport: .serverSentEvents)

    /// - Returns: The other end, as the home has it and as the edge has it.
    private func opened() async throws -> (edge: any SessionPeer, home: any SessionPeer) {
        try await cast.listen()
        cast.home.answers { [homePeer] _, exchange in exchange.answer(.opened(homePeer)) }
        let (exchange, _) = await cast.ask(.serverSentEvents(first, edgePeer))
        guard case .opened(let home) = try await exchange.value(),
            case .serverSentEvents(let request, let edge)? = cast.home.requests.first
        else { throw RelayTests.Unexpected() }
        #expect(request.query("a") == "b")
        return (edge, home)
    }

    private func data(_ number: Int) -> SessionMessage { .data(ByteBuffer(string: "\(number)")) }

    @Test func bothEndsHearEachOtherInOrder() async throws {
        let (edge, home) = try await opened()
        for number in 0..<100 {
            edge.take(data(number))
            home.take(.consumed(number))
        }
        try await eventually { edgePeer.said.count == 100 && homePeer.said.count == 100 }
        #expect(edgePeer.said == (0..<100).map(data))
        #expect(homePeer.said == (0..<100).map { .consumed($0) })
    }

    @Test func whatComesTwiceIsHeardOnce() async throws {
        let (edge, _) = try await opened()
        cast.homeBackplane.change { $0.fate = { _ in .twice } }
        for number in 0..<10 { edge.take(data(number)) }
        try await eventually { edgePeer.said.count >= 10 }
        #expect(edgePeer.said == (0..<10).map(data))
    }

    @Test func aSessionOfWhichSomethingIsMissingEndsAtBothEnds() async throws {
        let (edge, _) = try await opened()
        edge.take(data(0))
        cast.homeBackplane.change { $0.fate = { _ in .lost } }
        edge.take(data(1))
        cast.homeBackplane.change { $0.fate = { _ in .delivered } }
        edge.take(data(2))
        try await eventually { edgePeer.said.count == 2 }
        #expect(edgePeer.said == [data(0), .close(.abort)])
        try await eventually { homePeer.said == [.ended(.lost)] }
    }

    @Test func theSameFromTheEdgesSide() async throws {
        let (_, home) = try await opened()
        cast.edgeBackplane.change { $0.fate = { _ in .lost } }
        home.take(.consumed(1))
        cast.edgeBackplane.change { $0.fate = { _ in .delivered } }
        home.take(.consumed(2))
        try await eventually { homePeer.said == [.ended(.lost)] }
    }

    @Test func anEndThatWasLostIsSaidWhenTheHomeSpeaksAgain() async throws {
        let (edge, home) = try await opened()
        cast.edgeBackplane.change { $0.fate = { _ in .lost } }
        home.take(.ended(.graceful))
        cast.edgeBackplane.change { $0.fate = { _ in .delivered } }
        edge.take(data(0))
        try await eventually { homePeer.said == [.ended(.lost)] }
        #expect(edgePeer.said == [])
    }

    @Test func aSessionEndsAtOnceWhenTheOtherEndsNodeDies() async throws {
        let (_, _) = try await opened()
        try await eventually { cast.nodes.watched == [NodeID("edge"), NodeID("home")] }
        cast.nodes.die("home")
        try await eventually { edgePeer.said == [.close(.abort)] }
        cast.nodes.die("edge")
        try await eventually { homePeer.said == [.ended(.lost)] }
    }

    @Test func aSessionEndsWhenNothingCanBeSaidToItsEdge() async throws {
        let (edge, _) = try await opened()
        cast.homeBackplane.change { $0.receivers = 0 }
        edge.take(data(0))
        try await eventually { homePeer.said == [.ended(.lost)] }
    }

    @Test func anInterruptionEndsTheSessionsOfTheEdge() async throws {
        let (_, _) = try await opened()
        cast.edgeBackplane.interrupt()
        try await eventually { edgePeer.said == [.close(.abort)] }
        try await eventually { homePeer.said == [.ended(.lost)] }
    }
}
