import Testing

@testable import HubBackplane

@Suite struct ExpiringKeysTests {
    private let start = ContinuousClock.now

    @Test func anOverdueKeyIsAbsentAtOnce() {
        var keys = ExpiringKeys<Int>()
        keys.set(KeyName("a"), to: 1, timeToLive: .seconds(1), at: start)
        #expect(keys.value(of: KeyName("a"), at: start + .milliseconds(999)) == 1)
        #expect(keys.value(of: KeyName("a"), at: start + .seconds(1)) == nil)
        let updated: Void? = keys.update(KeyName("a"), at: start + .seconds(1)) { $0 += 1 }
        #expect(updated == nil)
        keys.expire(KeyName("a"), after: .seconds(60), at: start + .seconds(1))
        #expect(keys.value(of: KeyName("a"), at: start + .seconds(1)) == nil)
    }

    @Test func aKeyWithoutATimeToLiveStays() {
        var keys = ExpiringKeys<Int>()
        keys.set(KeyName("a"), to: 1, timeToLive: nil, at: start)
        #expect(keys.value(of: KeyName("a"), at: start + .seconds(1_000_000)) == 1)
    }

    @Test func memoryOfOverdueKeysIsFreedWhileOthersAreSet() {
        var keys = ExpiringKeys<Int>()
        for number in 0..<1000 {
            keys.set(KeyName("old \(number)"), to: number, timeToLive: .seconds(1), at: start)
        }
        let later = start + .seconds(2)
        for number in 0..<500 {
            keys.set(KeyName("new \(number)"), to: number, timeToLive: .seconds(60), at: later)
        }
        #expect(keys.count == 500)
        for number in 0..<500 {
            #expect(keys.value(of: KeyName("new \(number)"), at: later) == number)
        }
    }

    @Test func aKeySetAgainAfterItsEndIsKeptOnce() {
        var keys = ExpiringKeys<Int>()
        for round in 0..<100 {
            keys.set(KeyName("a"), to: round, timeToLive: .seconds(1), at: start + .seconds(2) * round)
        }
        #expect(keys.count == 1)
        #expect(keys.value(of: KeyName("a"), at: start + .seconds(198)) == 99)
    }
}
