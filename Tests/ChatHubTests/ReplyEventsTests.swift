import ChunkStreams
import NIOCore
import Testing

@testable import ChatHub

/// The bytes that clients get.
@Suite struct ReplyEventsTests {
    private static let digits = "0123456789abcdef0123456789abcdef"
    private let events: ReplyEvents

    init() throws {
        events = ReplyEvents(id: try #require(ChunkStreamID(Self.digits)))
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

    @Test func theEndProvesTheText() {
        let end = StreamEnd(
            finish: .stopped, chunks: 2, bytes: 9, sha256: Array(repeating: 0xAB, count: 32),
            usage: StreamUsage(inputTokens: 3, outputTokens: 4))
        #expect(
            written { events.ended(end, into: &$0) }
                == #"{"type":1,"target":"completed","arguments":["ID",{"finish":"stopped","chunks":2,"bytes":9,"sha256":""#
                + String(repeating: "ab", count: 32) + #"","usage":{"inputTokens":3,"outputTokens":4}}]}"# + "\u{1E}")
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
