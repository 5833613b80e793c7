import ChunkStreams
import HubProtocol
import NIOCore
import Testing

@testable import ChatHub

/// The bytes that clients get.
@Suite struct ReplyEventsTests {
    private static let digits = "0123456789abcdef0123456789abcdef"
    private let events: ReplyEvents
    private let binaryEvents: ReplyEvents

    init() throws {
        let id = try #require(ChunkStreamID(Self.digits))
        events = ReplyEvents(id: id, encoding: .json)
        binaryEvents = ReplyEvents(id: id, encoding: .messagePack)
    }

    private func written(_ write: (inout ByteBuffer) -> Void) -> String {
        var buffer = ByteBuffer()
        write(&buffer)
        return String(buffer: buffer).replacing(Self.digits, with: "ID")
    }

    @Test func firstArgumentsAreThoseOfTheSimplestClient() {
        #expect(
            written { events.typing(true, into: &$0) } == #"{"type":1,"target":"typing","arguments":["ID",true]}"#
                + "\u{1E}")
        #expect(
            written {
                events.partial(
                    ByteBuffer(string: "a \"b\"\n\u{1E}"), cursor: ChunkCursor(textEpoch: 2, seq: 7), into: &$0)
            } == #"{"type":1,"target":"partial","arguments":["ID","a \"b\"\n\u001E",4294967303]}"# + "\u{1E}")
    }

    @Test func messagePackSaysTheSame() throws {
        func invocations(_ events: ReplyEvents, _ encoding: HubEncoding) throws -> [InvocationMessage] {
            let end = StreamEnd(
                finish: .completed, chunks: 2, bytes: 300, sha256: Array(repeating: 0xAB, count: 32), usage: nil)
            var buffer = ByteBuffer()
            events.typing(true, into: &buffer)
            events.partial(ByteBuffer(string: "ü\n"), cursor: ChunkCursor(textEpoch: 2, seq: 7), into: &buffer)
            events.restarted(.start, into: &buffer)
            events.ended(end, into: &buffer)
            events.failed(.tooLong, text: end, into: &buffer)
            if encoding == .json {
                let json = buffer
                buffer = ByteBuffer()
                try MessagePackHubProtocol.write(transcoding: json, into: &buffer)
            }
            var splitter = RecordSplitter(maximumRecordSize: 1024, encoding: .messagePack)
            splitter.feed(buffer)
            var invocations: [InvocationMessage] = []
            while let record = try splitter.next() {
                if case .invocation(let invocation) = try HubEncoding.messagePack.parse(record) {
                    invocations.append(invocation)
                }
            }
            return invocations
        }
        let expected = try invocations(events, .json)
        #expect(expected.map(\.target) == ["typing", "partial", "restarted", "completed", "failed"])
        #expect(try invocations(binaryEvents, .messagePack) == expected)
    }

    @Test func theEndProvesTheText() {
        let end = StreamEnd(
            finish: .stopped, chunks: 2, bytes: 9, sha256: Array(repeating: 0xAB, count: 32),
            usage: StreamUsage(inputTokens: 3, outputTokens: 4, cachedInputTokens: 2))
        #expect(
            written { events.ended(end, into: &$0) }
                == #"{"type":1,"target":"completed","arguments":["ID",{"finish":"stopped","chunks":2,"bytes":9,"sha256":""#
                + String(repeating: "ab", count: 32)
                + #"","usage":{"inputTokens":3,"outputTokens":4,"cachedInputTokens":2}}]}"# + "\u{1E}")
    }

    @Test func aFailureTellsWhatToDo() {
        let problem = StreamProblem(
            code: "rate_limited", message: "Slow down.", retryable: true, retryAfter: .seconds(2.5))
        #expect(
            written { events.failed(problem, into: &$0) }
                == #"{"type":1,"target":"failed","arguments":["ID",{"code":"rate_limited","message":"Slow down.","#
                + #""retryable":true,"retryAfter":3}]}"# + "\u{1E}")
    }
}
