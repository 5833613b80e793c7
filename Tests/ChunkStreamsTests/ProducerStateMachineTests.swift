import HubBackplane
import Testing

@testable import ChunkStreams

/// The schedules of a producer's log, without a log.
@Suite struct ProducerStateMachineTests {
    private let accepted = Result<LogAppendOutcome, BackplaneError>.success(.accepted)
    private let refused = Result<LogAppendOutcome, BackplaneError>.success(.refused)
    private let missing = Result<LogAppendOutcome, BackplaneError>.success(.missing)
    private let lost = Result<LogAppendOutcome, BackplaneError>.failure(BackplaneError(.timeout, "no answer"))

    /// A machine whose chunks up to `through` are in flight.
    private func appending(through: UInt64, acknowledged: UInt64 = 0) -> ProducerStateMachine {
        var machine = ProducerStateMachine(epoch: 1)
        if acknowledged > 0 {
            _ = machine.next(last: acknowledged)
            machine.appending(through: acknowledged)
            _ = machine.answered(accepted, last: acknowledged)
        }
        _ = machine.next(last: through)
        machine.appending(through: through)
        return machine
    }

    @Test func chunksGatherWhileOneAppendIsInFlight() {
        var machine = appending(through: 1)
        #expect(machine.next(last: 2) == .none)
        #expect(machine.next(last: 7) == .none)
        #expect(machine.answered(accepted, last: 7) == .appendText(after: 1))
        machine.appending(through: 7)
        #expect(machine.answered(accepted, last: 7) == .none)
        #expect(machine.acknowledged == 7)
    }

    @Test func theEndWaitsForTheText() {
        var machine = appending(through: 3)
        #expect(machine.end(last: 5) == .none)
        #expect(!machine.isOpen)
        #expect(machine.answered(accepted, last: 5) == .appendText(after: 3))
        machine.appending(through: 5)
        #expect(machine.answered(accepted, last: 5) == .appendEnd(after: LogID(epoch: 1, seq: 5)))
        #expect(machine.answered(accepted, last: 5) == .ended)
        #expect(machine.hasEnded)
    }

    @Test func aRefusalOfWhatWasWrittenIsPublishedAgain() {
        var machine = appending(through: 4, acknowledged: 2)
        #expect(machine.answered(refused, last: 6) == .readLogEnd)
        let action = machine.logEnds(at: LogID(epoch: 1, seq: 4), isEnd: false, isOwnOpening: false, last: 6)
        #expect(action == .publishAgain(after: 2, through: 4))
        #expect(machine.next(last: 6) == .appendText(after: 4))
    }

    @Test func aHigherEpochFencesTheProducerOff() {
        var machine = appending(through: 4)
        #expect(machine.answered(refused, last: 4) == .readLogEnd)
        #expect(machine.logEnds(at: LogID(epoch: 2, seq: 0), isEnd: false, isOwnOpening: false, last: 4) == .fenced)
        #expect(!machine.isOpen)
        #expect(machine.compareWithLog(last: 4) == .none)
    }

    @Test func aLostAnswerIsSettledByReading() {
        var machine = appending(through: 4, acknowledged: 2)
        #expect(machine.answered(lost, last: 4) == .retryLater)
        #expect(machine.compareWithLog(last: 4) == .readLogEnd)
        let action = machine.logEnds(at: LogID(epoch: 1, seq: 2), isEnd: false, isOwnOpening: false, last: 4)
        #expect(action == .appendText(after: 2))
    }

    @Test func aLogThatLostItsTailIsWrittenAgainInTheNextEpoch() {
        var machine = appending(through: 6, acknowledged: 5)
        #expect(machine.answered(lost, last: 6) == .retryLater)
        #expect(machine.retryTimePassed(last: 6) == .readLogEnd)
        let action = machine.logEnds(at: LogID(epoch: 1, seq: 3), isEnd: false, isOwnOpening: false, last: 6)
        #expect(action == .reopen(epoch: 2, after: LogID(epoch: 1, seq: 3)))
        #expect(machine.answered(accepted, last: 6) == .appendText(after: 0))
        #expect(machine.epoch == 2)
    }

    @Test func aLogThatIsGoneIsWrittenAgain() {
        var machine = appending(through: 6, acknowledged: 5)
        #expect(machine.answered(missing, last: 6) == .reopen(epoch: 2, after: nil))
        #expect(machine.answered(accepted, last: 6) == .appendText(after: 0))
    }

    @Test func aReopeningWhoseAnswerWasLostIsRecognised() {
        var machine = appending(through: 6)
        #expect(machine.answered(missing, last: 6) == .reopen(epoch: 2, after: nil))
        #expect(machine.answered(lost, last: 6) == .retryLater)
        #expect(machine.compareWithLog(last: 6) == .readLogEnd)
        let action = machine.logEnds(at: LogID(epoch: 2, seq: 0), isEnd: false, isOwnOpening: true, last: 6)
        #expect(action == .appendText(after: 0))
        #expect(machine.epoch == 2)
    }

    @Test func anEndThatWasWrittenIsToldAgain() {
        var machine = appending(through: 1)
        _ = machine.end(last: 1)
        #expect(machine.answered(accepted, last: 1) == .appendEnd(after: LogID(epoch: 1, seq: 1)))
        #expect(machine.answered(lost, last: 1) == .retryLater)
        #expect(machine.compareWithLog(last: 1) == .readLogEnd)
        let action = machine.logEnds(at: LogID(epoch: 1, seq: 2), isEnd: true, isOwnOpening: false, last: 1)
        #expect(action == .publishEndAgain)
        #expect(machine.hasEnded)
    }

    @Test func anEndedStreamWhoseLogIsGoneIsWrittenAgainWithItsEnd() {
        var machine = appending(through: 1)
        _ = machine.end(last: 1)
        _ = machine.answered(accepted, last: 1)
        #expect(machine.answered(accepted, last: 1) == .ended)
        #expect(machine.compareWithLog(last: 1) == .readLogEnd)
        #expect(machine.logEnds(at: nil, isEnd: false, isOwnOpening: false, last: 1) == .reopen(epoch: 2, after: nil))
        #expect(machine.answered(accepted, last: 1) == .appendText(after: 0))
        machine.appending(through: 1)
        #expect(machine.answered(accepted, last: 1) == .appendEnd(after: LogID(epoch: 2, seq: 1)))
        #expect(machine.answered(accepted, last: 1) == .ended)
    }

    @Test func eachReadyComparesOnceAndGoesOn() {
        var machine = appending(through: 2)
        #expect(machine.compareWithLog(last: 2) == .none)
        #expect(machine.answered(accepted, last: 3) == .readLogEnd)
        let action = machine.logEnds(at: LogID(epoch: 1, seq: 2), isEnd: false, isOwnOpening: false, last: 3)
        #expect(action == .appendText(after: 2))
    }

    @Test func anEndThatIsNotItsOwnFencesTheProducerOff() {
        var machine = appending(through: 4)
        #expect(machine.answered(refused, last: 4) == .readLogEnd)
        #expect(machine.logEnds(at: LogID(epoch: 1, seq: 0), isEnd: true, isOwnOpening: false, last: 4) == .fenced)
    }

    @Test func aLogInDoubtIsLookedAtBeforeAnythingIsAppended() {
        var machine = appending(through: 2)
        machine.doubtLog()
        #expect(machine.answered(accepted, last: 3) == .readLogEnd)
    }

    @Test func anOpeningOfAnotherNodeInItsOwnEpochFencesTheProducerOff() {
        var machine = appending(through: 4)
        #expect(machine.answered(refused, last: 4) == .readLogEnd)
        #expect(machine.logEnds(at: LogID(epoch: 1, seq: 0), isEnd: false, isOwnOpening: false, last: 4) == .fenced)
    }

    // MARK: A hole in the log

    @Test func aHoleIsClosedByWritingAgain() {
        var machine = appending(through: 5, acknowledged: 4)
        #expect(machine.logHasHole(last: 6) == .none, "an append is under way")
        #expect(machine.answered(accepted, last: 6) == .readLogEnd)
        let action = machine.logEnds(at: LogID(epoch: 1, seq: 5), isEnd: false, isOwnOpening: false, last: 6)
        #expect(action == .reopen(epoch: 2, after: LogID(epoch: 1, seq: 5)))
        #expect(machine.answered(accepted, last: 6) == .appendText(after: 0))
        machine.appending(through: 6)
        #expect(machine.answered(accepted, last: 6) == .none)
    }

    @Test func aHoleInALogThatHasEndedIsClosedToo() {
        var machine = appending(through: 2)
        _ = machine.end(last: 2)
        _ = machine.answered(accepted, last: 2)
        #expect(machine.answered(accepted, last: 2) == .ended)
        #expect(machine.logHasHole(last: 2) == .readLogEnd)
        let action = machine.logEnds(at: LogID(epoch: 1, seq: 3), isEnd: true, isOwnOpening: false, last: 2)
        #expect(action == .reopen(epoch: 2, after: LogID(epoch: 1, seq: 3)))
        #expect(machine.answered(accepted, last: 2) == .appendText(after: 0))
        machine.appending(through: 2)
        #expect(machine.answered(accepted, last: 2) == .appendEnd(after: LogID(epoch: 2, seq: 2)))
        #expect(machine.answered(accepted, last: 2) == .ended)
    }

    // MARK: A lease that is overdue

    @Test func aPausedProducerAppendsNothingUntilTheLogWasLookedAt() {
        var machine = appending(through: 1)
        machine.pause(mayHaveExpired: false)
        #expect(machine.isPaused && machine.isOpen)
        #expect(machine.answered(accepted, last: 3) == .none)
        #expect(machine.next(last: 4) == .none)
        #expect(machine.compareWithLog(last: 4) == .readLogEnd)
        let early = machine.logEnds(
            at: LogID(epoch: 1, seq: 1), isEnd: false, isOwnOpening: false, isLeaseHeld: false, last: 4)
        #expect(early == .none && machine.isPaused)
        #expect(machine.compareWithLog(last: 4) == .readLogEnd)
        let held = machine.logEnds(at: LogID(epoch: 1, seq: 1), isEnd: false, isOwnOpening: false, last: 4)
        #expect(held == .appendText(after: 1) && !machine.isPaused)
    }

    @Test(arguments: [true, false]) func aPausedProducerWhoseStreamOthersEndedIsFencedOff(isLeaseHeld: Bool) {
        var machine = appending(through: 1)
        machine.pause(mayHaveExpired: false)
        _ = machine.answered(lost, last: 1)
        _ = machine.compareWithLog(last: 1)
        let action = machine.logEnds(
            at: LogID(epoch: 2, seq: 2), isEnd: true, isOwnOpening: false, isLeaseHeld: isLeaseHeld, last: 1)
        #expect(action == .fenced)
    }

    @Test func anEndWaitsThroughAPause() {
        var machine = appending(through: 1)
        machine.pause(mayHaveExpired: false)
        #expect(machine.answered(accepted, last: 1) == .none)
        #expect(machine.end(last: 1) == .none)
        _ = machine.compareWithLog(last: 1)
        let action = machine.logEnds(at: LogID(epoch: 1, seq: 1), isEnd: false, isOwnOpening: false, last: 1)
        #expect(action == .appendEnd(after: LogID(epoch: 1, seq: 1)))
    }

    @Test(arguments: [true, false]) func aLogThatIsGoneAfterAPauseIsWrittenAgainUnlessItMayHaveExpired(long: Bool) {
        var machine = appending(through: 1)
        machine.pause(mayHaveExpired: long)
        _ = machine.answered(accepted, last: 1)
        _ = machine.compareWithLog(last: 1)
        let action = machine.logEnds(at: nil, isEnd: false, isOwnOpening: false, last: 1)
        #expect(action == (long ? .fenced : .reopen(epoch: 2, after: nil)))
    }
}
