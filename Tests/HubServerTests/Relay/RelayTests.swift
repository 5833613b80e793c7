import HubBackplane
import NIOConcurrencyHelpers
import NIOCore
import Testing

@testable import HubServer

/// Requests that arrive at another node than their connection's home, while messages are lost, late or doubled.
@Suite(.timeLimit(.minutes(1))) struct RelayTests {
    private let cast = RelayCast()
    private let hello = ByteBuffer(string: "hello")

    // MARK: Bytes

    @Test func bytesAreHandedOnAndAccepted() async throws {
        try await cast.listen()
        cast.home.answers { $1.answer(.accepted) }
        let (exchange, _) = await cast.ask(.send(hello))
        guard case .accepted = try await exchange.value() else { throw Unexpected() }
        #expect(cast.home.sent == ["hello"])
        #expect(cast.home.userIDs == ["ada"])
    }

    @Test func aConnectionThatNobodyListensForIsUnknown() async throws {
        let (exchange, _) = await cast.ask(.send(hello))
        #expect(try await exchange.refusal() == .unknownConnection)
    }

    @Test func aConnectionThatItsNodeDoesNotKnowAnyMoreIsUnknown() async throws {
        _ = try await cast.homeBackplane.subscribe(to: cast.homesEdge.names.connection("gone")) { [cast] event in
            if case .message(let bytes) = event { cast.relayed.receive(bytes, for: "gone") }
        }
        let (exchange, _) = await cast.ask(.send(hello), of: "gone")
        #expect(try await exchange.refusal() == .unknownConnection)
    }

    @Test func whileSomeNodeResubscribesNobodyListeningSaysNothing() async throws {
        cast.nodes.setResubscribing(true)
        cast.home.answers { $1.answer(.accepted) }
        let (exchange, _) = await cast.ask(.send(hello))
        try await Task.sleep(for: .milliseconds(30))
        #expect(exchange.answers.isEmpty)
        try await cast.listen()
        guard case .accepted = try await exchange.value() else { throw Unexpected() }
        #expect(cast.home.sent == ["hello"])
    }

    @Test func aCountOfReceiversProvesNoHome() async throws {
        cast.edgeBackplane.change { $0.receivers = 1 }
        let (exchange, _) = await cast.ask(.send(hello))
        #expect(try await exchange.refusal() == .unavailable)
    }

    @Test func aCountOfNoneDoesNotUndoAnAnswer() async throws {
        cast.nodes.setResubscribing(true)
        cast.edgeBackplane.change { $0.receivers = 0 }
        try await cast.listen()
        cast.home.answers { $1.answer(.accepted) }
        let (exchange, _) = await cast.ask(.send(hello))
        guard case .accepted = try await exchange.value() else { throw Unexpected() }
        #expect(exchange.answers.count == 1)
    }

    @Test func aBackplaneThatIsAwayIsWaitedForALittle() async throws {
        try await cast.listen()
        cast.home.answers { $1.answer(.accepted) }
        cast.edgeBackplane.change { $0.isAway = true }
        let (first, _) = await cast.ask(.send(hello))
        #expect(try await first.refusal() == .unavailable)
        let (second, _) = await cast.ask(.send(hello))
        cast.edgeBackplane.change { $0.isAway = false }
        guard case .accepted = try await second.value() else { throw Unexpected() }
        #expect(cast.home.sent == ["hello"])
    }

    @Test func aRequestWhoseAnswerIsLostIsSaidAgainAndDoneOnce() async throws {
        try await cast.listen()
        cast.home.answers { $1.answer(.accepted) }
        let isFirst = NIOLockedValueBox(true)
        cast.homeBackplane.change { rules in
            rules.fate = { _ in
                isFirst.withLockedValue { isFirst in
                    defer { isFirst = false }; return isFirst ? .lost : .delivered
                }
            }
        }
        let (exchange, _) = await cast.ask(.send(hello))
        guard case .accepted = try await exchange.value() else { throw Unexpected() }
        #expect(cast.home.sent == ["hello"])
        #expect(exchange.answers.count == 1)
    }

    @Test func aRequestThatComesTwiceIsDoneOnce() async throws {
        try await cast.listen()
        cast.home.answers { $1.answer(.accepted) }
        cast.edgeBackplane.change { $0.fate = { _ in .twice } }
        for number in 0..<10 {
            let (exchange, _) = await cast.ask(.send(ByteBuffer(string: "\(number)")))
            guard case .accepted = try await exchange.value() else { throw Unexpected() }
        }
        #expect(cast.home.sent == (0..<10).map { "\($0)" })
    }

    /// A home that was frozen finds what its edges have long given up.
    @Test func aRequestThatIsTooLateIsNotDone() async throws {
        try await cast.listen()
        cast.home.answers { $1.answer(.accepted) }
        cast.edgeBackplane.change { $0.fate = { _ in .delayed(.seconds(4)) } }
        let (exchange, _) = await cast.ask(.send(hello))
        #expect(try await exchange.refusal() == .unavailable)
        try await Task.sleep(for: .milliseconds(1500))
        #expect(cast.home.sent == [])
    }

    @Test func aLargeBodyComesInPiecesAndEntersTheOrderWhole() async throws {
        try await cast.listen()
        cast.home.answers { $1.answer(.accepted) }
        let large = String(repeating: "x", count: 300_000)
        let count = NIOLockedValueBox(0)
        // Each third message of either side is lost.
        let fate: @Sendable (RelayMessage) -> RelayBackplane.Fate = { _ in
            count.withLockedValue { count in
                count += 1
                return count.isMultiple(of: 3) ? .lost : .delivered
            }
        }
        cast.edgeBackplane.change { $0.fate = fate }
        cast.homeBackplane.change { $0.fate = fate }
        let (exchange, _) = await cast.ask(.send(ByteBuffer(string: large)))
        guard case .accepted = try await exchange.value() else { throw Unexpected() }
        #expect(cast.home.sent == [large])
    }

    @Test func bytesThatWaitForRoomAreWaitedForBeyondTheDeadline() async throws {
        try await cast.listen()
        cast.home.answers { $1.hold() }
        let (exchange, _) = await cast.ask(.send(hello))
        try await Task.sleep(for: .milliseconds(3500))
        #expect(exchange.answers.isEmpty)
        cast.home.exchanges[0].answer(.accepted)
        guard case .accepted = try await exchange.value() else { throw Unexpected() }
        #expect(cast.home.sent == ["hello"])
    }

    @Test func aHomeThatDiesWhileBytesWaitIsNoHome() async throws {
        try await cast.listen()
        cast.home.answers { $1.hold() }
        let (exchange, _) = await cast.ask(.send(hello))
        try await eventually { cast.nodes.watched.contains(NodeID("home")) }
        cast.nodes.die("home")
        #expect(try await exchange.refusal() == .unknownConnection)
    }

    @Test func whatHasWaitedThroughAnOverdueLeaseIsNotDone() async throws {
        try await cast.listen()
        cast.home.answers { $1.hold() }
        let (exchange, _) = await cast.ask(.send(hello))
        try await eventually { cast.home.exchanges.count == 1 }
        cast.relayed.termBegan()
        // The home withdraws it, and an answer of before counts no more; said again, it is not done again.
        #expect(cast.home.finished == [false])
        cast.home.exchanges[0].answer(.accepted)
        #expect(try await exchange.refusal() == .unavailable)
        #expect(cast.home.requests.count == 1)
    }

    // MARK: Polls

    @Test func aPollsMessagesStayUntilTheyAreDelivered() async throws {
        try await cast.listen()
        cast.home.answers { $1.answer(.poll(.messages(ByteBuffer(string: "news")))) }
        let (exchange, home) = await cast.ask(.poll(nil))
        guard case .poll(.messages(let news)) = try await exchange.value() else { throw Unexpected() }
        #expect(String(buffer: news) == "news")
        #expect(cast.home.finished == [])
        home.finished(exchange, delivered: true)
        try await eventually { cast.home.finished == [true] }
    }

    @Test func messagesThatAreLostOnTheWayAreSaidAgain() async throws {
        try await cast.listen()
        cast.home.answers { $1.answer(.poll(.messages(ByteBuffer(string: "news")))) }
        let count = NIOLockedValueBox(0)
        let losesFirst: @Sendable (RelayMessage) -> RelayBackplane.Fate = { message in
            guard case .answer = message else { return .delivered }
            return count.withLockedValue { count in
                count += 1
                return count < 3 ? .lost : .twice
            }
        }
        cast.homeBackplane.change { $0.fate = losesFirst }
        let (exchange, home) = await cast.ask(.poll(nil))
        guard case .poll(.messages) = try await exchange.value() else { throw Unexpected() }
        home.finished(exchange, delivered: true)
        try await eventually { cast.home.finished == [true] }
        #expect(exchange.answers.count == 1)
        #expect(cast.home.requests.count == 1)
    }

    @Test func whatBecameOfMessagesIsSaidAgainToo() async throws {
        try await cast.listen()
        cast.home.answers { $1.answer(.poll(.messages(ByteBuffer(string: "news")))) }
        let isFirst = NIOLockedValueBox(true)
        cast.edgeBackplane.change { rules in
            rules.fate = { message in
                guard case .finished = message else { return .delivered }
                return isFirst.withLockedValue { isFirst in
                    defer { isFirst = false }
                    return isFirst ? .lost : .delivered
                }
            }
        }
        let (exchange, home) = await cast.ask(.poll(nil))
        _ = try await exchange.value()
        home.finished(exchange, delivered: true)
        try await eventually { cast.home.finished == [true] }
    }

    @Test func messagesForAClientThatHasLeftComeBack() async throws {
        try await cast.listen()
        cast.home.answers { $1.hold() }
        let (exchange, home) = await cast.ask(.poll(nil))
        try await eventually { cast.home.exchanges.count == 1 }
        home.finished(exchange, delivered: false)
        try await eventually { cast.home.finished == [false] }
        // The home may have answered before it heard of that.
        cast.home.exchanges[0].answer(.poll(.messages(ByteBuffer(string: "late"))))
        try await Task.sleep(for: .milliseconds(100))
        #expect(exchange.answers.isEmpty)
    }

    @Test func messagesForAnEdgeThatIsGoneComeBack() async throws {
        try await cast.listen()
        cast.home.answers { $1.hold() }
        let (_, _) = await cast.ask(.poll(nil))
        try await eventually { cast.nodes.watched.contains(NodeID("edge")) }
        cast.homeBackplane.change { $0.receivers = 0 }
        cast.home.exchanges[0].answer(.poll(.messages(ByteBuffer(string: "news"))))
        try await eventually { cast.home.finished == [false] }
    }

    @Test func messagesForAnEdgeThatDiesComeBack() async throws {
        try await cast.listen()
        cast.home.answers { $1.answer(.poll(.messages(ByteBuffer(string: "news")))) }
        let (exchange, _) = await cast.ask(.poll(nil))
        _ = try await exchange.value()
        cast.nodes.die("edge")
        try await eventually { cast.home.finished == [false] }
    }

    @Test func aPollThatWaitsIsLeftAloneUntilItsTimeIsOver() async throws {
        let cast = RelayCast(timeout: .seconds(2), pollTimeout: .milliseconds(100))
        try await cast.listen()
        cast.home.answers { $1.hold() }
        let (exchange, _) = await cast.ask(.poll(nil))
        try await Task.sleep(for: .milliseconds(300))
        #expect(exchange.answers.isEmpty)
        guard case .poll(.timedOut) = try await exchange.value() else { throw Unexpected() }
        #expect(cast.home.requests.count == 1)
    }

    @Test func aPollIsAskedAboutWhenItsAnswerMayHaveBeenLost() async throws {
        try await cast.listen()
        cast.home.answers { $1.hold() }
        let (exchange, _) = await cast.ask(.poll(nil))
        try await eventually { cast.home.exchanges.count == 1 }
        cast.homeBackplane.change { $0.fate = { _ in .lost } }
        cast.home.exchanges[0].answer(.poll(.timedOut))
        cast.homeBackplane.change { $0.fate = { _ in .delivered } }
        cast.edgeBackplane.interrupt()
        guard case .poll(.timedOut) = try await exchange.value() else { throw Unexpected() }
    }

    @Test func aPollWhoseHomeDiesHasNoConnection() async throws {
        try await cast.listen()
        cast.home.answers { $1.hold() }
        let (exchange, _) = await cast.ask(.poll(nil))
        try await eventually { cast.nodes.watched.contains(NodeID("home")) }
        cast.nodes.die("home")
        #expect(try await exchange.refusal() == .unknownConnection)
    }

    struct Unexpected: Error {}
}
