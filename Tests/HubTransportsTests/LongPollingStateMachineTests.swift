import HubServer
import NIOCore
import Testing

@testable import HubTransports

@Suite struct LongPollingStateMachineTests {
    private typealias Machine = LongPolling.StateMachine<Int>

    private func connected(limit: Int = 100) -> Machine {
        var machine = Machine(limit: limit)
        _ = machine.poll(0)
        return machine
    }

    private let hello = ByteBuffer(string: "hello")

    @Test func theFirstPollIsAnsweredAtOnce() {
        var machine = Machine(limit: 100)
        #expect(machine.poll(1) == [.answer(1, .connected)])
        #expect(machine.awaited == .poll)
        #expect(!machine.isWritable)
    }

    @Test func theFirstPollIsNotGivenWhatWasWrittenBefore() {
        var machine = Machine(limit: 100)
        machine.write(hello)
        #expect(machine.poll(1) == [.answer(1, .connected)])
        #expect(machine.poll(2) == [.answer(2, .messages(hello))])
    }

    @Test func aPollWaitsForMessages() {
        var machine = connected()
        #expect(machine.poll(1) == [.takeMessages(for: 1)])
        #expect(machine.isWritable)
        #expect(machine.awaited == .messages)
        machine.write(hello)
        #expect(machine.flush() == [.answer(1, .messages(hello))])
        #expect(!machine.isWritable)
        #expect(machine.awaited == .delivery)
        #expect(machine.finished(1, delivered: true) == [])
        #expect(machine.awaited == .poll)
    }

    @Test func whatIsWrittenWithoutAPollGoesWithTheNextAtOnce() {
        var machine = connected()
        machine.write(hello)
        machine.write(ByteBuffer(string: " world"))
        #expect(machine.flush() == [])
        #expect(machine.poll(1) == [.answer(1, .messages(ByteBuffer(string: "hello world")))])
    }

    @Test func aFlushOfNothingAnswersNobody() {
        var machine = connected()
        _ = machine.poll(1)
        #expect(machine.flush() == [])
        #expect(machine.awaited == .messages)
    }

    @Test func aPollTakesNoMoreThanItsLimit() {
        var machine = connected(limit: 5)
        _ = machine.poll(1)
        machine.write(ByteBuffer(string: "1234"))
        #expect(machine.isWritable)
        machine.write(ByteBuffer(string: "5"))
        #expect(!machine.isWritable)
    }

    @Test func whatWasNotDeliveredGoesFirstWithTheNextPoll() {
        var machine = connected()
        _ = machine.poll(1)
        machine.write(hello)
        _ = machine.flush()
        machine.write(ByteBuffer(string: "!"))
        #expect(machine.finished(1, delivered: false) == [])
        #expect(machine.poll(2) == [.answer(2, .messages(ByteBuffer(string: "hello!")))])
    }

    @Test func aNewerPollTakesTheOldersPlace() {
        var machine = connected()
        _ = machine.poll(1)
        #expect(machine.poll(2) == [.answer(1, .ended), .takeMessages(for: 2)])
        #expect(machine.finished(1, delivered: true) == [])
        machine.write(hello)
        #expect(machine.flush() == [.answer(2, .messages(hello))])
    }

    @Test func aNewerPollWaitsForTheFateOfAnAnswer() {
        var machine = connected()
        _ = machine.poll(1)
        machine.write(hello)
        _ = machine.flush()
        #expect(machine.poll(2) == [])
        #expect(machine.poll(3) == [.answer(2, .ended)])
        #expect(machine.finished(1, delivered: false) == [.answer(3, .messages(hello))])
        #expect(machine.finished(3, delivered: true) == [])
    }

    @Test func aClientThatLeftBeforeItsAnswerMakesRoomForItsNextPoll() {
        var machine = connected()
        _ = machine.poll(1)
        #expect(machine.finished(1, delivered: false) == [])
        #expect(!machine.isWritable)
        #expect(machine.poll(2) == [.takeMessages(for: 2)])
        machine.write(hello)
        _ = machine.flush()
        _ = machine.poll(3)
        #expect(machine.finished(3, delivered: false) == [])
        #expect(machine.finished(2, delivered: true) == [])
        #expect(machine.awaited == .poll)
    }

    @Test func aPollThatWaitedLongIsAnsweredEmpty() {
        var machine = connected()
        _ = machine.poll(1)
        #expect(machine.timePassed() == [.answer(1, .timedOut)])
        #expect(machine.awaited == .poll)
    }

    @Test func aClientThatDoesNotComeBackIsGone() {
        var machine = connected()
        #expect(machine.timePassed() == [.remove])
        #expect(machine.awaited == .nothing)
        #expect(machine.timePassed() == [])
    }

    @Test func aClientThatDoesNotTakeItsAnswerIsCut() {
        var machine = connected()
        _ = machine.poll(1)
        machine.write(hello)
        _ = machine.flush()
        _ = machine.poll(2)
        #expect(machine.timePassed() == [.answer(2, .ended), .cut])
        #expect(machine.awaited == .nothing)
    }

    @Test func theEndIsToldToThePollThatWaits() {
        var machine = connected()
        _ = machine.poll(1)
        #expect(machine.close() == [.answer(1, .ended), .remove])
        #expect(machine.poll(2) == [.answer(2, .ended)])
    }

    @Test func theLastMessagesArePolledBeforeTheEnd() {
        var machine = connected()
        machine.write(hello)
        #expect(machine.close() == [])
        #expect(machine.poll(1) == [.answer(1, .messages(hello))])
        #expect(machine.poll(2) == [])
        #expect(machine.finished(1, delivered: true) == [.answer(2, .ended), .remove])
    }

    @Test func aTerminatedConnectionCompletesItsPoll() {
        var machine = connected()
        _ = machine.poll(1)
        #expect(machine.terminate() == [.answer(1, .ended), .remove])
        #expect(machine.terminate() == [])
        var idle = connected()
        #expect(idle.terminate() == [.remove])
    }

    @Test func whatATerminatedConnectionHadToSayIsDropped() {
        var machine = connected()
        _ = machine.poll(1)
        machine.write(hello)
        #expect(machine.flush() == [.answer(1, .messages(hello))])
        machine.write(hello)
        #expect(machine.poll(2) == [])
        // One answer is on its way, one poll waits for what becomes of it, and more was written.
        #expect(machine.terminate() == [.answer(2, .ended), .remove])
        #expect(machine.finished(1, delivered: false) == [])
        #expect(machine.flush() == [])
        #expect(machine.awaited == .nothing)
        #expect(machine.poll(3) == [.answer(3, .ended)])
    }
}
