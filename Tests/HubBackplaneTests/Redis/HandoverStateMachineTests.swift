import NIOCore
import Testing

@testable import HubBackplaneRedis

@Suite struct HandoverStateMachineTests {
    private let start = NIODeadline.uptimeNanoseconds(1_000_000_000)

    private func marked() -> HandoverStateMachine {
        var machine = HandoverStateMachine(channels: 1, unconfirmed: 0, now: start)
        machine.confirmedByNew()
        #expect(machine.mayMark)
        machine.marked(7)
        return machine
    }

    @Test func theMarkerWaitsForAllConfirmationsOfBoth() {
        var machine = HandoverStateMachine(channels: 2, unconfirmed: 1, now: start)
        machine.confirmedByNew()
        machine.confirmedByNew()
        #expect(!machine.mayMark)
        machine.confirmedByOld()
        #expect(machine.mayMark)
        machine.marked(7)
        #expect(!machine.mayMark)
    }

    @Test(arguments: [true, false]) func itIsDoneWhenBothHaveHeardTheMarker(newIsFirst: Bool) {
        var machine = marked()
        var isDone = machine.heard(6, byNew: newIsFirst)
        #expect(!isDone)
        #expect(!machine.newHasHeard && !machine.oldHasHeard)
        isDone = machine.heard(7, byNew: newIsFirst)
        #expect(!isDone)
        #expect(machine.newHasHeard == newIsFirst && machine.oldHasHeard != newIsFirst)
        isDone = machine.heard(7, byNew: !newIsFirst)
        #expect(isDone)
    }

    @Test func aMarkerThatWasNotPublishedIsNotHeard() {
        var machine = HandoverStateMachine(channels: 1, unconfirmed: 0, now: start)
        let isDone = machine.heard(7, byNew: true)
        #expect(!isDone)
        #expect(!machine.newHasHeard)
    }

    @Test func whatIsHeldComesOutInOrderAndIsBounded() {
        var machine = marked()
        _ = machine.heard(7, byNew: true)
        let large = ByteBuffer(repeating: 0, count: HandoverStateMachine.heldBytesLimit - 250)
        let payloads: [ByteBuffer] = ["a", large, "b"]
        let actions = payloads.enumerated().map { number, payload in
            machine.hold(.init(channel: .owned([UInt8(number)]), payload: payload))
        }
        #expect(actions == [.wait, .wait, .giveUpOld])
        let held = machine.takeHeld().map(\.channel)
        #expect(held == [.owned([0]), .owned([1]), .owned([2])])
        let rest = machine.takeHeld()
        #expect(rest.isEmpty)
    }

    @Test func itTakesNoLongerThanItsPatience() {
        let machine = HandoverStateMachine(channels: 1, unconfirmed: 0, now: start)
        #expect(!machine.isOverdue(at: start + .milliseconds(5999)))
        #expect(machine.isOverdue(at: start + .seconds(6)))
    }
}
