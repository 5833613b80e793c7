import Testing

@testable import HubBackplaneRedis

@Suite(.timeLimit(.minutes(1))) struct PermitsTests {
    @Test func noMoreThanSoManyWorkAtOnceAndAllGetTheirTurn() async {
        let permits = Permits(3)
        let changes = Record<Int>()
        await withDiscardingTaskGroup { group in
            for _ in 0..<50 {
                group.addTask {
                    await permits.withPermit {
                        changes.append(1)
                        for _ in 0..<5 { await Task.yield() }
                        changes.append(-1)
                    }
                }
            }
        }
        var working = 0
        let counts = changes.all.map { change in
            working += change
            return working
        }
        #expect(counts.count == 100 && counts.last == 0)
        #expect(counts.max() == 3)
    }
}
