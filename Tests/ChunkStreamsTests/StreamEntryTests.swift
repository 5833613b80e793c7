import HubBackplane
import NIOCore
import Testing

@testable import ChunkStreams

@Suite struct StreamEntryTests {
    static let entries: [StreamEntry] = [
        .open(.init(epoch: 1, textEpoch: 1, node: NodeID("0123456789abcdef"))),
        .open(.init(epoch: 7, textEpoch: 3, node: NodeID(""))),
        .open(.init(epoch: 2, textEpoch: 1, node: NodeID("n"), isFed: true)),
        .chunks(.init(epoch: 1, first: 1, lengths: ChunkLengths([3]), text: ByteBuffer(string: "abc"))),
        .chunks(.init(epoch: 9, first: 41, lengths: ChunkLengths([1, 0, 4]), text: ByteBuffer(string: "aé\u{301}"))),
        .retraction(
            epoch: 4,
            StreamRetraction(
                seq: 9, keepSeq: 2, cutSeq: 4, keepBytes: 11, keepUTF16: 7, category: "violence",
                text: ByteBuffer(string: "ab…"),
                prefixBytes: 2)),
        .end(epoch: 1, StreamEnd(finish: .completed, chunks: 2, bytes: 5, sha256: Array(0..<32))),
        .end(
            epoch: 2,
            StreamEnd(
                finish: .stopped, chunks: 2, bytes: 5, sha256: Array(0..<32),
                usage: StreamUsage(inputTokens: 3, outputTokens: 9))),
        .end(
            epoch: 2,
            StreamEnd(
                finish: .completed, chunks: 2, bytes: 5, sha256: Array(0..<32),
                usage: StreamUsage(inputTokens: 3, outputTokens: 9, reasoningTokens: 8))),
        .end(
            epoch: 3,
            StreamEnd(
                finish: .failed(
                    StreamProblem(
                        code: "model_timeout", message: "Too slow.", retryable: true, retryAfter: .seconds(3),
                        categories: ["hate", "violence"])
                ),
                chunks: 0, bytes: 0, sha256: Array(repeating: 0, count: 32))),
    ]

    @Test(arguments: entries) func survivesTheWire(entry: StreamEntry) {
        #expect(StreamEntry(payload: entry.payload) == entry)
    }

    @Test(arguments: entries) func toleratesLaterFields(entry: StreamEntry) {
        guard case .chunks = entry else {
            var payload = entry.payload
            payload.writeString("more")
            #expect(StreamEntry(payload: payload) == entry)
            return
        }
    }

    @Test(arguments: entries) func refusesATruncatedEntryWithoutTrapping(entry: StreamEntry) {
        let payload = entry.payload
        for length in 0..<payload.readableBytes {
            guard let cut = payload.getSlice(at: 0, length: length), let read = StreamEntry(payload: cut) else {
                continue
            }
            #expect(read.epoch == entry.epoch)
        }
    }

    @Test func whatIsTooLongIsCutBetweenScalars() throws {
        let problem = StreamProblem(
            code: "x" + String(repeating: "é", count: 200), message: "xx" + String(repeating: "€", count: 30_000),
            retryable: false)
        let end = StreamEnd(
            finish: .failed(problem), chunks: 0, bytes: 0, sha256: Array(repeating: 0, count: 32))
        let read = StreamEntry(payload: StreamEntry.end(epoch: 1, end).payload)
        guard case .end(_, let readEnd) = read, case .failed(let cut) = readEnd.finish else {
            Issue.record("an end")
            return
        }
        #expect(cut.code == "x" + String(repeating: "é", count: 127))
        #expect(cut.message == "xx" + String(repeating: "€", count: 21_844))
    }

    @Test func refusesARunOfChunksThatIsLongerThanItsBytes() {
        var payload = ByteBuffer(string: "C")
        payload.writeInteger(UInt32(1))
        payload.writeInteger(UInt32(1))
        payload.writeInteger(UInt32.max)
        #expect(StreamEntry(payload: payload) == nil)
    }

    @Test func cursorsAreNumbersThatJavaScriptHolds() {
        #expect(ChunkCursor(textEpoch: 1, seq: 5).rawValue == 5)
        #expect(ChunkCursor(textEpoch: 3, seq: 5).rawValue == 2 << 32 + 5)
        #expect(ChunkCursor(rawValue: 2 << 32 + 5) == ChunkCursor(textEpoch: 3, seq: 5))
        #expect(ChunkCursor(rawValue: -1) == nil)
        #expect(ChunkCursor(rawValue: 1 << 53) == nil)
        #expect(ChunkStreamID(ChunkStreamID().rawValue) != nil)
        #expect(ChunkStreamID("0123456789ABCDEF0123456789ABCDEF") == nil)
    }
}
