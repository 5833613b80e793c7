import HubBackplane
import Testing

@testable import HubBackplaneRedis

@Suite struct AvailabilityStateMachineTests {
    @Test func readyMeansThatAllConnectionsAreUp() {
        var machine = Availability.StateMachine(needed: [.commands, .subscriber])
        #expect(machine.changed(.commands, isUp: true) == nil)
        #expect(machine.changed(.subscriber, isUp: true) == .ready)
        #expect(machine.changed(.subscriber, isUp: false) == .away)
        #expect(machine.changed(.commands, isUp: false) == nil)
        #expect(machine.changed(.subscriber, isUp: true) == nil)
        #expect(machine.changed(.subscriber, isUp: true) == nil)
        #expect(machine.changed(.commands, isUp: true) == .ready)
    }

    @Test func theBackoffDoublesUpToItsLimitWithJitter() {
        var backoff = Backoff()
        #expect(backoff.next(fraction: 0) == .milliseconds(25))
        #expect(backoff.next(fraction: 1) == .milliseconds(100))
        for _ in 0..<20 {
            _ = backoff.next()
        }
        #expect(backoff.next(fraction: 1) == .seconds(5))
        #expect(backoff.next(fraction: 0) == .milliseconds(2500))
        backoff.reset()
        #expect(backoff.next(fraction: 1) == .milliseconds(50))
    }
}
