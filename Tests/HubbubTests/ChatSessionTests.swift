import NIOCore
import Testing

@testable import hubbub

@Suite struct ChatSessionTests {
    private static let id = String(repeating: "a", count: 32)
    private static let otherID = String(repeating: "b", count: 32)

    private var session = ChatSession()
    private var figures = LoadFigures()

    private mutating func receive(_ record: String, at now: UInt64 = 2_000_000) throws -> ChatSession.Received {
        try session.receive(ByteBuffer(string: record), at: now, figures: &figures)
    }

    private mutating func event(_ target: String, _ id: String, _ rest: String = "") throws {
        _ = try receive("{\"type\":1,\"target\":\"\(target)\",\"arguments\":[\"\(id)\"\(rest)]}")
    }

    private mutating func complete(_ invocation: Int, _ id: String) throws -> ChatSession.Received {
        try receive(
            "{\"type\":3,\"invocationId\":\"\(invocation)\",\"result\":{\"messageId\":\"\(id)\",\"finish\":\"completed\"}}"
        )
    }

    @Test mutating func aWholeReplyIsCountedTimedAndHashed() throws {
        _ = session.ask("q", at: 1_000_000, isHashed: true)
        try event("typing", Self.id, ",true")
        try event("partial", Self.id, ",\"t=1500000;#1;..\",1")
        try event("partial", Self.id, ",\"t=1600000;#2;..t=1700000;#3;..\",3")
        try event("typing", Self.id, ",false")
        // The SHA-256 of "t=1500000;#1;..t=1600000;#2;..t=1700000;#3;..".
        try event(
            "completed", Self.id,
            ",{\"finish\":\"completed\",\"chunks\":3,\"bytes\":45,\"sha256\":\"8034da5edb111171fcc6a8e9317fc043c4d439bb9c912214c1cf0744743408bc\"}"
        )
        #expect(try complete(1, Self.id) == .replyEnded)
        #expect(session.openReplies == 0)
        #expect(figures.completed == 1)
        #expect(figures.chunks == 3)
        #expect(figures.partials == 2)
        #expect(figures.hashedTexts == 1)
        #expect(figures.wrongTexts == 0)
        #expect(figures.missing == 0)
        #expect(figures.failures.isEmpty)
        let report = LoadReport(figures, usage: try ProcessUsage([]))
        let latency = try #require(report.milliseconds.latency)
        let ask = try #require(report.milliseconds.ask)
        #expect((0.5...0.51).contains(latency.max))
        #expect((1...1.01).contains(ask.max))
        #expect(report.loss == nil)
    }

    @Test mutating func textThatWasEscapedIsCheckedToo() throws {
        _ = session.ask("q", at: 0, isHashed: true)
        try event("partial", Self.id, ",\"a\\n\\u00e9\",1")
        try event(
            "completed", Self.id,
            ",{\"bytes\":4,\"sha256\":\"7ab79b5e89f288f04c7389fa4fd59ec40019be6831307a42095a4c60334e1b01\"}")
        _ = try complete(1, Self.id)
        #expect(figures.bytes == 4)
        #expect(figures.hashedTexts == 1)
        #expect(figures.wrongTexts == 0)
    }

    @Test(arguments: [
        "{\"chunks\":1,\"bytes\":12}", "{\"chunks\":1,\"bytes\":11,\"sha256\":\"00\"}",
    ])
    mutating func aTextThatIsNotTheAnnouncedOneIsWrong(summary: String) throws {
        _ = session.ask("q", at: 0, isHashed: true)
        try event("partial", Self.id, ",\"t=150000;#1\",1")
        try event("completed", Self.id, "," + summary)
        _ = try complete(1, Self.id)
        #expect(figures.wrongTexts == 1)
    }

    @Test mutating func chunksThatTheSummaryCountsAndNobodyReceivedAreMissing() throws {
        _ = session.ask("q", at: 0, isHashed: false)
        try event("partial", Self.id, ",\"t=15;#1;\",1")
        try event("completed", Self.id, ",{\"chunks\":4}")
        _ = try complete(1, Self.id)
        #expect(figures.missing == 3)
    }

    @Test mutating func failuresAreCountedByTheirCode() throws {
        _ = session.ask("q", at: 0, isHashed: false)
        _ = session.ask("q", at: 0, isHashed: false)
        _ = session.ask("q", at: 0, isHashed: false)
        try event("typing", Self.id, ",true")
        try event("failed", Self.id, ",{\"code\":\"no_worker\",\"message\":\"m\",\"retryable\":true}")
        _ = try complete(1, Self.id)
        #expect(try receive("{\"type\":3,\"invocationId\":\"2\",\"error\":\"The prompt is empty.\"}") == .replyEnded)
        session.fail("timeout", figures: &figures)
        #expect(figures.failures == ["no_worker": 1, "ask_refused": 1, "timeout": 1])
        #expect(figures.completed == 0)
    }

    @Test mutating func repliesThatRunSideBySideAreToldApart() throws {
        _ = session.ask("q", at: 0, isHashed: false)
        _ = session.ask("q", at: 1_000_000, isHashed: false)
        // The second ask is accepted first.
        try event("typing", Self.otherID, ",true")
        try event("typing", Self.id, ",true")
        try event("partial", Self.id, ",\"t=15;#1;\",1")
        try event("partial", Self.otherID, ",\"t=15;#1;\",1")
        try event("completed", Self.otherID, ",{\"chunks\":1}")
        #expect(try complete(2, Self.otherID) == .replyEnded)
        let ask = try #require(LoadReport(figures, usage: try ProcessUsage([])).milliseconds.ask)
        #expect((1...1.01).contains(ask.max))
        try event("completed", Self.id, ",{\"chunks\":1}")
        #expect(try complete(1, Self.id) == .replyEnded)
        #expect(figures.completed == 2)
        #expect(figures.foreign == 0)
        #expect(figures.missing == 0)
    }

    @Test mutating func aReplyThatNobodyAskedForIsForeign() throws {
        try event("partial", Self.id, ",\"text\",1")
        #expect(figures.foreign == 1)
    }

    @Test mutating func theServersCloseMessageEndsTheConnection() {
        #expect(throws: LoadFailure.self) { try receive("{\"type\":7,\"error\":\"e\"}") }
    }
}
