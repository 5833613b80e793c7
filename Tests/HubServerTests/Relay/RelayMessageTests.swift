import HubBackplane
import HubProtocol
import NIOCore
import Testing

@testable import HubServer

@Suite struct RelayMessageTests {
    private static let id = RelayRequestID(edge: NodeID("edge"), number: 1 << 60)
    private static let bytes = ByteBuffer(string: "some bytes")
    private static let identity = HubIdentity(
        user: ClaimsPrincipal(claims: [("sub", "ada"), ("role", "admin")]), userID: "ada",
        expiration: .now + .seconds(60), closesOnExpiration: true)
    private static let first = ConnectionRequest(
        path: "/chat", query: [("room", "7")], headers: [("Accept", "*/*")], identity: identity,
        transport: .longPolling, remoteAddress: "127.0.0.1")

    private static func request(_ body: RelayRequest.Body) -> RelayMessage {
        .request(id, RelayRequest(identity: identity, deadline: 1_700_000_000_000, body: body))
    }

    private static let messages: [RelayMessage] = [
        request(.send(piece: 2, of: 3, bytes)), request(.poll(nil)), request(.poll(first)),
        request(.serverSentEvents(first)), request(.terminate), request(.webSocket), request(.room),
        .finished(id, delivered: true), .finished(id, delivered: false), .fromEdge(id, count: 7, .data(bytes)),
        .fromEdge(id, count: 7, .consumed(70_000)), .fromEdge(id, count: .max, .ended(.lost)),
        .fromHome(9, connection: "c", count: 0, .close(.goingAway)),
        .fromHome(9, connection: "c", count: 1, .format(.text)),
        .fromHome(9, connection: "c", count: 2, .format(.binary)),
        .received(9, home: NodeID("home"), pieces: 3),
    ]

    private static let answers: [RelayAnswer] = [
        .accepted, .poll(.connected), .poll(.messages(bytes)), .poll(.timedOut), .poll(.ended), .opened, .terminated,
        .refused(.unknownConnection), .refused(.unavailable),
    ]

    @Test func comeBackAsTheyWere() throws {
        let answers = Self.answers.map { RelayMessage.answer(9, home: NodeID("home"), connection: "c", $0) }
        for message in Self.messages + answers {
            let read = try #require(RelayMessage(message.bytes()))
            // For how long an identity is good is told anew each time.
            if case .request = message {} else { #expect(read.bytes() == message.bytes()) }
            for length in 0..<message.bytes().readableBytes {
                _ = RelayMessage(try #require(message.bytes().getSlice(at: 0, length: length)))
            }
        }
    }

    @Test func aRequestCarriesWhoMadeItAndWhatAHubSeesOfIt() throws {
        guard case .request(Self.id, let request)? = RelayMessage(Self.request(.poll(Self.first)).bytes()),
            case .poll(let first?) = request.body
        else {
            Issue.record("not the request that was written")
            return
        }
        #expect(request.deadline == 1_700_000_000_000)
        #expect(request.identity.user == Self.identity.user)
        #expect(request.identity.userID == "ada")
        #expect(request.identity.closesOnExpiration)
        let remaining = try #require(request.identity.expiration) - .now
        #expect(remaining > .seconds(58) && remaining <= .seconds(60))
        #expect(first.path == "/chat")
        #expect(first.query("ROOM") == "7")
        #expect(first.header("accept") == "*/*")
        #expect(first.transport == .longPolling)
        #expect(first.remoteAddress == "127.0.0.1")
        #expect(first.userID == "ada")
    }

    @Test func claimsStayAtHomeWhereTheyAreNotNeeded() throws {
        guard case .request(_, let request)? = RelayMessage(Self.request(.send(piece: 0, of: 1, Self.bytes)).bytes())
        else {
            Issue.record("not the request that was written")
            return
        }
        #expect(request.identity.user == nil)
        #expect(request.identity.userID == "ada")
    }

    @Test func whatIsOfAnotherKindOrVersionIsNotRead() {
        #expect(RelayMessage(ByteBuffer()) == nil)
        #expect(RelayMessage(ByteBuffer(bytes: [UInt8(ascii: "H"), 1, 1])) == nil)
        var later = Self.messages[5].bytes()
        later.setInteger(2 as UInt8, at: 1)
        #expect(RelayMessage(later) == nil)
        later.setInteger(1 as UInt8, at: 1)
        later.setInteger(99 as UInt8, at: 2)
        #expect(RelayMessage(later) == nil)
    }
}
