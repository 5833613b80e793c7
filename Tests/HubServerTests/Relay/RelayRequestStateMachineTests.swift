import NIOCore
import Testing

@testable import HubServer

@Suite struct RelayRequestStateMachineTests {
    private typealias Machine = RelayRequest.StateMachine
    private let times = RelayTimes(deadline: .seconds(10))

    private func begun(_ kind: Machine.Kind) -> Machine {
        var machine = Machine(kind, times: times)
        _ = machine.begin()
        return machine
    }

    @Test func isSaidAgainUntilTheHomeIsHeardOf() {
        var machine = Machine(.other, times: times)
        #expect(machine.begin() == .publish(piece: 0))
        #expect(machine.published(to: 1, now: .zero) == .nothing)
        #expect(machine.timePassed(now: .milliseconds(900)) == .nothing)
        #expect(machine.timePassed(now: .seconds(1)) == .publish(piece: 0))
        #expect(machine.timePassed(now: .milliseconds(1900)) == .nothing)
        #expect(machine.timePassed(now: .seconds(2)) == .publish(piece: 0))
        machine.answered()
        #expect(machine.timePassed(now: .seconds(20)) == .nothing)
    }

    @Test func aSilentHomeIsGivenUpAtTheDeadline() {
        var machine = begun(.send(pieces: 1))
        #expect(machine.deadline == .seconds(10))
        #expect(machine.timePassed(now: .milliseconds(9999)) == .publish(piece: 0))
        #expect(machine.timePassed(now: .seconds(10)) == .giveUp(.unavailable))
        #expect(machine.timePassed(now: .seconds(11)) == .nothing)
    }

    @Test func nobodyListeningMeansThatThereIsNoHome() {
        var machine = begun(.send(pieces: 1))
        #expect(machine.published(to: 0, now: .zero) == .lookForResubscribing)
        #expect(machine.nobodyListens(isSomeoneResubscribing: false, now: .zero) == .giveUp(.unknownConnection))
        #expect(machine.published(to: 0, now: .zero) == .nothing)
    }

    @Test func unlessSomeNodeIsJustResubscribing() {
        var machine = begun(.send(pieces: 1))
        _ = machine.published(to: 0, now: .zero)
        #expect(machine.nobodyListens(isSomeoneResubscribing: true, now: .zero) == .nothing)
        #expect(machine.timePassed(now: .milliseconds(250)) == .publish(piece: 0))
        #expect(machine.published(to: 1, now: .milliseconds(251)) == .nothing)
        #expect(machine.timePassed(now: .seconds(4)) == .publish(piece: 0))
        machine.answered()
    }

    @Test func whichIsWaitedForThreeSeconds() {
        var machine = begun(.send(pieces: 1))
        _ = machine.published(to: 0, now: .zero)
        _ = machine.nobodyListens(isSomeoneResubscribing: true, now: .zero)
        #expect(machine.timePassed(now: .milliseconds(2999)) == .publish(piece: 0))
        #expect(machine.timePassed(now: .seconds(3)) == .giveUp(.unavailable))
    }

    @Test func aBackplaneThatIsAwayIsWaitedForAsLong() {
        var machine = begun(.send(pieces: 1))
        machine.notPublished(now: .zero)
        #expect(machine.timePassed(now: .milliseconds(250)) == .publish(piece: 0))
        #expect(machine.timePassed(now: .seconds(3)) == .giveUp(.unavailable))
    }

    @Test func aPieceFollowsWhenTheOneBeforeWasReceived() {
        var machine = begun(.send(pieces: 3))
        #expect(machine.received(pieces: 1, now: .zero) == .publish(piece: 1))
        #expect(machine.received(pieces: 1, now: .zero) == .nothing)
        #expect(machine.timePassed(now: .seconds(1)) == .publish(piece: 1))
        #expect(machine.received(pieces: 2, now: .seconds(2)) == .publish(piece: 2))
        #expect(machine.deadline == .seconds(12))
        #expect(machine.received(pieces: 3, now: .seconds(2)) == .nothing)
    }

    @Test func aHomeThatHasForgottenThePiecesGetsThemAgain() {
        var machine = begun(.send(pieces: 3))
        #expect(machine.received(pieces: 2, now: .zero) == .publish(piece: 2))
        #expect(machine.received(pieces: 0, now: .zero) == .publish(piece: 0))
    }

    @Test func bytesThatWaitForRoomAreAskedAboutAgain() {
        var machine = begun(.send(pieces: 1))
        #expect(machine.received(pieces: .max, now: .seconds(1)) == .nothing)
        #expect(machine.timePassed(now: .milliseconds(1999)) == .publish(piece: 0))
        #expect(machine.received(pieces: .max, now: .seconds(2)) == .nothing)
        #expect(machine.timePassed(now: .seconds(12)) == .giveUp(.unavailable))
    }

    @Test func aPollThatWasReceivedWaits() {
        var machine = begun(.poll(timeout: .seconds(90)))
        #expect(machine.received(pieces: .max, now: .seconds(1)) == .nothing)
        #expect(machine.timePassed(now: .seconds(99)) == .nothing)
        #expect(machine.timePassed(now: .seconds(100)) == .endPoll)
    }

    @Test func isSaidAgainWhenAnAnswerMayHaveBeenLost() {
        var machine = begun(.poll(timeout: .seconds(90)))
        _ = machine.received(pieces: .max, now: .seconds(1))
        #expect(machine.interrupted(now: .seconds(50)) == .publish(piece: 0))
        #expect(machine.deadline == .seconds(60))
        machine.answered()
        #expect(machine.interrupted(now: .seconds(51)) == .nothing)
    }
}

@Suite struct RelayBodyTests {
    @Test func isWholeWhenAllPiecesCameInOrder() {
        var body = RelayBody(count: 2)
        body.receive(.init(string: "b"), piece: 1)
        #expect(body.received == 0)
        body.receive(.init(string: "a"), piece: 0)
        body.receive(.init(string: "a"), piece: 0)
        #expect(body.received == 1)
        #expect(body.whole == nil)
        body.receive(.init(string: "b"), piece: 1)
        #expect(body.whole == .init(string: "ab"))
        body.receive(.init(string: "c"), piece: 2)
        #expect(body.whole == .init(string: "ab"))
    }
}

@Suite struct RelayReceiverTests {
    @Test func takesEachOnceAndNoticesWhatIsMissing() {
        var receiver = RelayReceiver()
        #expect(receiver.received(0) == .takes)
        #expect(receiver.received(0) == .ignores)
        #expect(receiver.received(1) == .takes)
        #expect(receiver.received(3) == .misses)
    }
}

@Suite struct RelayMemoryTests {
    @Test func forgetsInTime() {
        let start = ContinuousClock.now
        var memory = RelayMemory<Int, String>()
        memory.remember("a", for: 1, until: start + .seconds(1))
        memory.remember("b", for: 2, until: start + .seconds(2))
        memory.remember("c", for: 1, until: start + .seconds(3))
        memory.forget(at: start + .seconds(2))
        #expect(memory[1] == "c")
        #expect(memory[2] == nil)
        memory.forget(at: start + .seconds(3))
        #expect(memory.isEmpty)
    }
}
