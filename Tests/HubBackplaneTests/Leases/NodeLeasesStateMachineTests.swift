import Testing

@testable import HubBackplane

/// Judging the dead, second by second, without a backplane. The lease time is three seconds.
@Suite struct NodeLeasesStateMachineTests {
    private typealias Instant = ContinuousClock.Instant

    private static let other = NodeID("other")
    private let start = Instant.now
    private var machine = NodeLeases.StateMachine(leaseTime: .seconds(3))

    init() {
        machine.watch(Self.other)
    }

    private func at(_ seconds: Double) -> Instant { start + .seconds(seconds) }

    /// Renews this node's lease.
    private mutating func renew(_ seconds: Double) {
        _ = machine.nextCount()
        _ = machine.renewed(sentAt: at(seconds), now: at(seconds + 0.001))
    }

    /// Reads the other's lease; live delivery worked then unless something else is said.
    private mutating func read(_ count: UInt64?, _ seconds: Double, delivered: Double? = nil) -> [NodeID] {
        let leases = count.map { [Self.other: NodeLease(count: $0)] } ?? [:]
        return machine.read(
            leases, sentAt: at(seconds), receivedAt: at(seconds + 0.001), lastDelivery: at(delivered ?? seconds)
        ).dead
    }

    // MARK: Others

    @Test(arguments: [7, nil]) mutating func whoDoesNotRenewForALeaseTimeIsDead(count: UInt64?) {
        for second in 0...3 {
            renew(Double(second))
            #expect(read(count, Double(second) + 0.1) == [])
        }
        #expect(!machine.isDead(Self.other))
        renew(4)
        #expect(read(count, 4.1) == [Self.other])
        #expect(machine.isDead(Self.other))
        renew(5)
        #expect(read(count, 5.1) == [], "told once")
    }

    @Test mutating func whoRenewsLives() {
        for second in 0...20 {
            renew(Double(second))
            #expect(read(UInt64(second / 2), Double(second) + 0.1) == [])
        }
    }

    @Test mutating func whoIsSeenRenewingIsTold() {
        let readings: [(count: UInt64?, alive: [NodeID])] = [
            (nil, []), (7, []), (7, []), (8, [Self.other]), (8, []), (nil, []), (9, [Self.other]),
        ]
        for (second, reading) in readings.enumerated() {
            renew(Double(second))
            let leases = reading.count.map { [Self.other: NodeLease(count: $0)] } ?? [:]
            let instant = at(Double(second))
            let seen = machine.read(leases, sentAt: instant, receivedAt: instant, lastDelivery: instant)
            #expect(seen.alive == reading.alive)
        }
    }

    @Test mutating func aLeaseThatLapsedIsNoRenewal() {
        renew(0)
        #expect(read(7, 0) == [])
        for second in 1...2 {
            renew(Double(second))
            #expect(read(nil, Double(second)) == [])
        }
        renew(3)
        #expect(read(7, 3.1) == [Self.other])
    }

    @Test mutating func whoComesBackLivesAndMayDieAgain() {
        for second in 0...4 {
            renew(Double(second))
            _ = read(1, Double(second))
        }
        #expect(machine.isDead(Self.other))
        renew(5)
        #expect(read(2, 5) == [])
        #expect(!machine.isDead(Self.other))
        for second in 6...8 {
            renew(Double(second))
            #expect(read(2, Double(second)) == [])
        }
        renew(9)
        #expect(read(2, 9) == [Self.other])
    }

    /// A frozen backplane, one that is full, a lost connection.
    @Test mutating func aFailureOfOnesOwnBeginsTheTimeAnew() {
        for second in 0...2 {
            renew(Double(second))
            #expect(read(7, Double(second)) == [])
        }
        machine.restartJudging()
        for second in 3...6 {
            renew(Double(second))
            #expect(read(7, Double(second)) == [])
        }
        renew(7)
        #expect(read(7, 7) == [Self.other])
    }

    /// This process was frozen, perhaps together with the other node.
    @Test mutating func aPauseOfOnesOwnBeginsTheTimeAnew() {
        renew(0)
        #expect(read(7, 0) == [])
        #expect(read(7, 10) == [], "its own renewal is overdue")
        renew(10)
        for second in 10...13 {
            renew(Double(second))
            #expect(read(7, Double(second)) == [])
        }
        renew(14)
        #expect(read(7, 14) == [Self.other])
    }

    @Test mutating func withoutLiveDeliveryNobodyIsJudged() {
        renew(0)
        #expect(read(7, 0.5) == [])
        for second in 1...6 {
            renew(Double(second))
            #expect(read(7, Double(second), delivered: 0.4) == [])
        }
        renew(7)
        #expect(read(7, 7, delivered: 6.5) == [Self.other])
    }

    @Test mutating func aNewWatchKnowsNothingOfAnOldOne() {
        for second in 0...4 {
            renew(Double(second))
            _ = read(7, Double(second))
        }
        machine.unwatch(Self.other)
        #expect(machine.watched.isEmpty && !machine.isDead(Self.other))
        machine.watch(Self.other)
        renew(5)
        #expect(read(7, 5) == [])
    }

    // MARK: The own lease

    @Test mutating func aTermBeginsWithTheFirstRenewalAndAfterEachGap() {
        #expect(machine.heldUntil == nil)
        #expect(machine.renewed(sentAt: at(0), now: at(0.1)) == true)
        #expect(machine.term == 1 && machine.heldUntil == at(3))
        #expect(machine.renewed(sentAt: at(1), now: at(1.1)) == false)
        #expect(machine.renewed(sentAt: at(3.5), now: at(3.75)) == false)
        #expect(machine.term == 1 && machine.heldUntil == at(6.5))
        #expect(machine.renewed(sentAt: at(7), now: at(7)) == true)
        #expect(machine.term == 2)
    }

    /// The backplane was frozen, and answers everything at once.
    @Test mutating func aRenewalThatIsAnsweredTooLateHoldsNothing() {
        _ = machine.renewed(sentAt: at(0), now: at(0))
        #expect(machine.renewed(sentAt: at(1), now: at(9)) == false)
        #expect(machine.term == 1 && machine.heldUntil == at(4))
        #expect(machine.renewed(sentAt: at(9), now: at(9)) == true)
        #expect(machine.term == 2)
    }

    @Test mutating func answersOutOfOrderShortenNothing() {
        _ = machine.renewed(sentAt: at(2), now: at(2))
        _ = machine.renewed(sentAt: at(1), now: at(2))
        #expect(machine.heldUntil == at(5))
    }

    @Test mutating func eachRenewalHasAGreaterCount() {
        let counts = (1...3).map { _ in machine.nextCount() }
        #expect(counts == [1, 2, 3])
    }
}
