import NIOCore
import Testing

@testable import HubBackplaneRedis

@Suite struct LivenessStateMachineTests {
    private let start = NIODeadline.uptimeNanoseconds(1_000_000_000)

    @Test func anAnsweredPingIsLife() {
        var machine = LivenessStateMachine()
        machine.pinged(at: start)
        #expect(machine.verdict(at: start + .seconds(2)) == nil)
        machine.ponged()
        #expect(machine.verdict(at: start + .seconds(60)) == nil)
    }

    @Test func theFirstUnansweredPingCounts() {
        var machine = LivenessStateMachine()
        machine.pinged(at: start)
        machine.pinged(at: start + .seconds(2))
        #expect(machine.verdict(at: start + .seconds(3)) != nil)
    }

    @Test func aCanaryThatDoesNotComeBackIsDeath() {
        var machine = LivenessStateMachine()
        let first = machine.nextCanary()
        machine.canaryAccepted(first, at: start)
        machine.canaryHeard(first)
        let second = machine.nextCanary()
        machine.canaryAccepted(second, at: start + .seconds(1))
        machine.ponged()
        #expect(machine.verdict(at: start + .milliseconds(3999)) == nil)
        #expect(machine.verdict(at: start + .seconds(4)) != nil)
    }

    @Test func aCanaryMayBeHeardBeforeItIsKnownToBeAccepted() {
        var machine = LivenessStateMachine()
        let number = machine.nextCanary()
        machine.canaryHeard(number)
        machine.canaryAccepted(number, at: start)
        #expect(machine.verdict(at: start + .seconds(60)) == nil)
    }

    @Test func aCanaryThatWasNotAcceptedProvesNothing() {
        var machine = LivenessStateMachine()
        _ = machine.nextCanary()
        #expect(machine.verdict(at: start + .seconds(60)) == nil)
    }
}
