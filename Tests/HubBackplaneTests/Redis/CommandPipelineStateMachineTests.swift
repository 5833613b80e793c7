import HubBackplane
import NIOCore
import Testing

@testable import HubBackplaneRedis

@Suite struct CommandPipelineStateMachineTests {
    private typealias Machine = CommandPipeline.StateMachine<String>

    private func connected(pendingBytesLimit: Int = 1000) -> Machine {
        var machine = Machine(pendingBytesLimit: pendingBytesLimit)
        #expect((machine.connected("connection") as Bool))
        return machine
    }

    private func send(_ bytes: Int, to machine: inout Machine) -> Machine.SendAction {
        machine.send(
            replies: 1, readsPayloads: true, encode: { $0.writeRepeatingByte(0, count: bytes) }, complete: { _ in })
    }

    @Test func whileAwayCommandsAreRefused() {
        var machine = Machine(pendingBytesLimit: 1000)
        #expect(send(10, to: &machine).refusal?.code == .unavailable)
        #expect(machine.pendingBytes == 0)
    }

    @Test func onlyTheFirstCommandOfABatchWakesTheEventLoop() {
        var machine = connected()
        #expect(send(10, to: &machine).schedules)
        #expect(!send(20, to: &machine).schedules)
        var batch = Machine.Batch()
        #expect(machine.takeBatch(into: &batch) == "connection")
        #expect(batch.commands.map(\.bytes) == [10, 20])
        #expect(batch.bytes.readableBytes == 30)
        #expect(send(5, to: &machine).schedules)
    }

    @Test func bytesCountUntilTheyAreAnswered() {
        var machine = connected(pendingBytesLimit: 100)
        _ = send(60, to: &machine)
        _ = send(60, to: &machine)
        #expect(send(1, to: &machine).refusal?.code == .unavailable)
        var batch = Machine.Batch()
        _ = machine.takeBatch(into: &batch)
        #expect(send(1, to: &machine).refusal?.code == .unavailable)
        #expect(machine.answered(bytes: 60) == nil)
        #expect(send(1, to: &machine).refusal == nil)
    }

    @Test func aLostConnectionGivesBackWhatWasNotSent() {
        var machine = connected()
        _ = send(10, to: &machine)
        var batch = Machine.Batch()
        _ = machine.takeBatch(into: &batch)
        _ = send(20, to: &machine)
        let (unsent, drained) = machine.disconnected()
        #expect(unsent.map(\.bytes) == [20])
        #expect(drained == nil)
        #expect(machine.pendingBytes == 0)
        var rest = Machine.Batch()
        #expect(machine.takeBatch(into: &rest) == nil)
        #expect((machine.connected("next") as Bool))
        #expect(send(10, to: &machine).schedules)
    }

    @Test func closingWaitsForTheAnswers() {
        var machine = connected()
        _ = send(10, to: &machine)
        let drainsAtOnce = machine.close(drained: {}) != nil
        #expect(!drainsAtOnce)
        #expect(send(10, to: &machine).refusal?.code == .closed)
        var batch = Machine.Batch()
        #expect(machine.takeBatch(into: &batch) == "connection")
        #expect(machine.answered(bytes: 10) != nil)
        #expect(!(machine.connected("again") as Bool))
    }

    @Test func closingEndsWhenTheConnectionIsLost() {
        var machine = connected()
        _ = send(10, to: &machine)
        let drainsAtOnce = machine.close(drained: {}) != nil
        #expect(!drainsAtOnce)
        #expect(machine.disconnected().drained != nil)
        #expect(send(10, to: &machine).refusal?.code == .closed)
    }

    @Test func closingWithNothingUnderWayIsDoneAtOnce() {
        var machine = connected()
        let drainsAtOnce = machine.close(drained: {}) != nil
        #expect(drainsAtOnce)
        var away = Machine(pendingBytesLimit: 1)
        let awayDrainsAtOnce = away.close(drained: {}) != nil
        #expect(awayDrainsAtOnce)
        #expect(!(away.connected("late") as Bool))
    }
}

extension CommandPipeline.StateMachine.SendAction {
    fileprivate var schedules: Bool {
        if case .scheduleFlush = self { true } else { false }
    }

    fileprivate var refusal: BackplaneError? {
        if case .refuse(let error) = self { error } else { nil }
    }
}
