import NIOCore
import Testing

@testable import hubbub

@Suite struct LoadObjectiveTests {
    private static func report() throws -> LoadReport {
        var figures = LoadFigures()
        figures.connected(after: .milliseconds(10))
        figures.connectFailed("refused")
        return LoadReport(figures, usage: try ProcessUsage([]))
    }

    @Test(arguments: [
        ("connect.p99<20ms", true), ("connect.p99<0.02s", true), ("connect.max<5ms", false), ("connect.p50>5ms", true),
        ("p99<20ms", false), ("lost=0", false),
        ("lost<=1", true), ("failed >= 1", true), ("completed>0", false), ("firstChunk.p50<1s", false),
        ("duplicated=0", true),
    ])
    func isReachedOrNot(text: String, isReached: Bool) throws {
        #expect((try LoadObjective(parsing: text).missed(by: try Self.report()) == nil) == isReached)
    }

    @Test func saysWhatWasReached() throws {
        #expect(try LoadObjective(parsing: "lost=0").missed(by: try Self.report()) == "lost=0: it is 1")
        #expect(
            try LoadObjective(parsing: "latency.p99<1s").missed(by: try Self.report())
                == "latency.p99<1s: nothing was measured")
    }

    @Test(arguments: [
        "p99", "p98<1ms", "latency<1ms", "lost<1ms", "p99<1", "p99<x", "lost=", "a.b.c=1", "=1", "p99<-1ms",
    ])
    func whatIsNoObjectiveIsRefused(text: String) {
        #expect(throws: UsageError.self) { try LoadObjective(parsing: text) }
    }
}
