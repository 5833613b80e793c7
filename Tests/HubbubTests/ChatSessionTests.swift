import HubProtocol
import HubServer
import NIOCore
import Testing

@testable import hubbub

/// Each message is written as JSON here, and made MessagePack where the session speaks that.
@Suite struct ChatSessionTests {
    private static let id = String(repeating: "a", count: 32)
    private static let otherID = String(repeating: "b", count: 32)

    private var session = ChatSession(encoding: .json, prompt: "q", resumes: false)
    private var figures = LoadFigures()

    private mutating func receive(_ record: String, at now: UInt64 = 2_000_000) throws -> ChatSession.Received {
        try session.receive(try Self.message(record, session.encoding), at: now, figures: &figures)
    }

    private static func message(_ record: String, _ encoding: HubEncoding) throws -> ByteBuffer {
        guard encoding == .messagePack else { return ByteBuffer(string: record) }
        var framed = ByteBuffer()
        try MessagePackHubProtocol.write(transcoding: ByteBuffer(string: record + "\u{1E}"), into: &framed)
        var splitter = RecordSplitter(maximumRecordSize: .max, encoding: .messagePack)
        splitter.feed(framed)
        let record = try splitter.next()
        return try #require(record)
    }

    private mutating func event(_ target: String, _ id: String, _ rest: String = "") throws {
        _ = try receive("{\"type\":1,\"target\":\"\(target)\",\"arguments\":[\"\(id)\"\(rest)]}")
    }

    private mutating func complete(_ invocation: Int, _ id: String) throws -> ChatSession.Received {
        try receive(
            "{\"type\":3,\"invocationId\":\"\(invocation)\",\"result\":{\"messageId\":\"\(id)\",\"finish\":\"completed\"}}"
        )
    }

    @Test(arguments: HubEncoding.allCases)
    mutating func aWholeReplyIsCountedTimedAndHashed(encoding: HubEncoding) throws {
        session = ChatSession(encoding: encoding, prompt: "q", resumes: false)
        _ = session.ask(at: 1_000_000, isHashed: true)
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

    @Test(arguments: HubEncoding.allCases)
    mutating func textThatWasEscapedIsCheckedToo(encoding: HubEncoding) throws {
        session = ChatSession(encoding: encoding, prompt: "q", resumes: false)
        _ = session.ask(at: 0, isHashed: true)
        try event("partial", Self.id, ",\"a\\n\\u00e9\",1")
        try event(
            "completed", Self.id,
            ",{\"bytes\":4,\"sha256\":\"7ab79b5e89f288f04c7389fa4fd59ec40019be6831307a42095a4c60334e1b01\"}")
        _ = try complete(1, Self.id)
        #expect(figures.bytes == 4)
        #expect(figures.hashedTexts == 1)
        #expect(figures.wrongTexts == 0)
    }

    @Test(
        arguments: ["{\"chunks\":1,\"bytes\":12}", "{\"chunks\":1,\"bytes\":11,\"sha256\":\"00\"}"],
        HubEncoding.allCases)
    mutating func aTextThatIsNotTheAnnouncedOneIsWrong(summary: String, encoding: HubEncoding) throws {
        session = ChatSession(encoding: encoding, prompt: "q", resumes: false)
        _ = session.ask(at: 0, isHashed: true)
        try event("partial", Self.id, ",\"t=150000;#1\",1")
        try event("completed", Self.id, "," + summary)
        _ = try complete(1, Self.id)
        #expect(figures.wrongTexts == 1)
    }

    @Test(arguments: HubEncoding.allCases)
    mutating func chunksThatTheSummaryCountsAndNobodyReceivedAreMissing(encoding: HubEncoding) throws {
        session = ChatSession(encoding: encoding, prompt: "q", resumes: false)
        _ = session.ask(at: 0, isHashed: false)
        try event("partial", Self.id, ",\"t=15;#1;\",1")
        try event("completed", Self.id, ",{\"chunks\":4}")
        _ = try complete(1, Self.id)
        #expect(figures.missing == 3)
    }

    @Test(arguments: HubEncoding.allCases)
    mutating func chunksThatComeLateOrTwiceAreCounted(encoding: HubEncoding) throws {
        session = ChatSession(encoding: encoding, prompt: "q", resumes: false)
        _ = session.ask(at: 0, isHashed: false)
        for number in [1, 3, 2, 2, 4] { try event("partial", Self.id, ",\"t=15;#\(number);\",\(number)") }
        try event("completed", Self.id, ",{\"chunks\":5}")
        _ = try complete(1, Self.id)
        #expect(figures.missing == 1)
        #expect(figures.outOfOrder == 1)
        #expect(figures.duplicated == 1)
    }

    @Test(arguments: HubEncoding.allCases)
    mutating func aReplyIsResumedWhereItsTextEnded(encoding: HubEncoding) throws {
        session = ChatSession(encoding: encoding, prompt: "q", resumes: true)
        let asked = try invocation(in: session.ask(at: 0, isHashed: true))
        #expect(asked.arguments.count == 2)
        let seen = try #require(session.ids.first)
        for (cursor, text) in [(5, "t=1;#1;"), (300, "t=1;#2;"), (4_294_967_299, "t=1;#3;")] {
            try event("partial", seen, ",\"\(text)\",\(cursor)")
            let resumed = try invocation(in: try #require(session.resume().first))
            #expect(resumed.target == "Resume")
            #expect(try ReceivedValue(resumed.arguments[1], encoding).decode(as: Int64.self) == Int64(cursor))
        }
        #expect(try receive(resumeAnswer(seen, "resumed")) == .nothing)
        let text = "t=1;#1;t=1;#2;t=1;#3;"
        let end = "{\"finish\":\"completed\",\"chunks\":3,\"bytes\":\(text.utf8.count)}"
        let ended = try receive("{\"type\":1,\"target\":\"completed\",\"arguments\":[\"\(seen)\",\(end)]}")
        #expect(ended == .replyEnded)
        #expect(figures.completed == 1 && figures.wrongTexts == 0 && figures.missing == 0)
    }

    @Test mutating func aQuestionThatDidNotArriveIsAskedAgainAndALostReplyFails() throws {
        session = ChatSession(encoding: .json, prompt: "q", resumes: true)
        _ = session.ask(at: 0, isHashed: false)
        let id = try #require(session.ids.first)
        _ = session.resume()
        guard case .message(let again) = try receive(resumeAnswer(id, "gone")) else {
            Issue.record("nothing is sent")
            return
        }
        #expect(try invocation(in: again).target == "AskAi")
        try event("partial", id, ",\"t=1;#1;\",1")
        _ = session.resume()
        #expect(try receive(resumeAnswer(id, "gone")) == .replyEnded)
        #expect(figures.failures == ["resume_gone": 1])
    }

    private func resumeAnswer(_ id: String, _ status: String) -> String {
        "{\"type\":3,\"invocationId\":\"r1\",\"result\":{\"messageId\":\"\(id)\",\"status\":\"\(status)\"}}"
    }

    private func invocation(in message: ByteBuffer) throws -> InvocationMessage {
        var splitter = RecordSplitter(maximumRecordSize: .max, encoding: session.encoding)
        splitter.feed(message)
        let next = try splitter.next()
        let record = try #require(next)
        guard case .invocation(let invocation) = try session.encoding.parse(record) else {
            throw LoadFailure(code: "not an invocation")
        }
        return invocation
    }

    @Test(arguments: HubEncoding.allCases)
    mutating func anAskIsAnInvocationWithThePrompt(encoding: HubEncoding) throws {
        session = ChatSession(encoding: encoding, prompt: "wh\"y", resumes: false)
        let invocation = try invocation(in: session.ask(at: 0, isHashed: false))
        #expect(invocation.target == "AskAi")
        #expect(invocation.invocationID == "1")
        let argument = try #require(invocation.arguments.first)
        let prompt =
            encoding == .json ? JSONValue(trusting: argument).string() : MessagePackValue(trusting: argument).string()
        #expect(prompt == "wh\"y")
    }

    @Test(arguments: HubEncoding.allCases)
    mutating func failuresAreCountedByTheirCode(encoding: HubEncoding) throws {
        session = ChatSession(encoding: encoding, prompt: "q", resumes: false)
        _ = session.ask(at: 0, isHashed: false)
        _ = session.ask(at: 0, isHashed: false)
        _ = session.ask(at: 0, isHashed: false)
        try event("typing", Self.id, ",true")
        try event("failed", Self.id, ",{\"code\":\"no_worker\",\"message\":\"m\",\"retryable\":true}")
        _ = try complete(1, Self.id)
        #expect(try receive("{\"type\":3,\"invocationId\":\"2\",\"error\":\"The prompt is empty.\"}") == .replyEnded)
        session.fail("timeout", figures: &figures)
        #expect(figures.failures == ["no_worker": 1, "ask_refused": 1, "timeout": 1])
        #expect(figures.completed == 0)
    }

    @Test(arguments: HubEncoding.allCases)
    mutating func repliesThatRunSideBySideAreToldApart(encoding: HubEncoding) throws {
        session = ChatSession(encoding: encoding, prompt: "q", resumes: false)
        _ = session.ask(at: 0, isHashed: false)
        _ = session.ask(at: 1_000_000, isHashed: false)
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

    @Test(arguments: HubEncoding.allCases)
    mutating func aReplyThatNobodyAskedForIsForeign(encoding: HubEncoding) throws {
        session = ChatSession(encoding: encoding, prompt: "q", resumes: false)
        try event("partial", Self.id, ",\"text\",1")
        #expect(figures.foreign == 1)
    }

    @Test(arguments: HubEncoding.allCases)
    mutating func theServersCloseMessageEndsTheConnection(encoding: HubEncoding) {
        session = ChatSession(encoding: encoding, prompt: "q", resumes: false)
        #expect(throws: LoadFailure.self) { try receive("{\"type\":7,\"error\":\"e\"}") }
    }
}
