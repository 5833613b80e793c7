import HubBackplane
import NIOCore
import Testing

@testable import ChunkStreams

/// What a log proves of a stream that its producer did not end.
@Suite struct LogSurveyTests {
    private var survey = LogSurvey()

    private mutating func take(_ id: LogID, _ entry: StreamEntry) {
        survey.take(LogEntry(id: id, payload: entry.payload))
    }

    private mutating func open(_ epoch: UInt64, text: UInt64, node: String = "n") {
        take(
            LogID(epoch: epoch, seq: 0),
            .open(.init(epoch: epoch, textEpoch: text, node: NodeID(node))))
    }

    private mutating func chunks(_ range: ClosedRange<UInt64>, epoch: UInt64) {
        let text = range.map { "\($0)," }
        take(
            LogID(epoch: epoch, seq: range.upperBound),
            .chunks(
                .init(
                    epoch: epoch, first: range.lowerBound, lengths: ChunkLengths(text.map(\.utf8.count)),
                    text: ByteBuffer(string: text.joined()))))
    }

    private func expect(_ text: String, chunks: UInt64) {
        let end = survey.end(.failed(.producerLost))
        #expect(end.chunks == chunks && end.bytes == UInt64(text.utf8.count))
        #expect(end.sha256 == sha256(text))
    }

    @Test mutating func theTextIsWhatTheLogHas() {
        expect("", chunks: 0)
        open(1, text: 1)
        #expect(survey.beginnings == 1 && survey.opening?.node == NodeID("n"))
        chunks(1...2, epoch: 1)
        chunks(3...3, epoch: 1)
        expect("1,2,3,", chunks: 3)
        #expect(survey.last == LogID(epoch: 1, seq: 3))
    }

    @Test mutating func aTextThatIsWrittenAgainCountsOnce() {
        open(1, text: 1)
        chunks(1...3, epoch: 1)
        open(2, text: 1)
        expect("1,2,3,", chunks: 3)
        chunks(1...2, epoch: 2)
        chunks(3...4, epoch: 2)
        expect("1,2,3,4,", chunks: 4)
        #expect(survey.beginnings == 1)
    }

    @Test mutating func aTextThatBeginsAnewReplacesTheOld() {
        open(1, text: 1)
        open(2, text: 2, node: "m")
        chunks(1...1, epoch: 2)
        expect("1,", chunks: 1)
        #expect(survey.beginnings == 2 && survey.opening?.node == NodeID("m"))
    }

    @Test mutating func theTextEndsAtAHole() {
        open(1, text: 1)
        chunks(1...1, epoch: 1)
        chunks(3...4, epoch: 1)
        expect("1,", chunks: 1)
        #expect(survey.last == LogID(epoch: 1, seq: 4))
    }

    @Test mutating func anEndIsFound() {
        open(1, text: 1)
        let end = StreamEnd(finish: .completed, chunks: 0, bytes: 0, sha256: Array(repeating: 0, count: 32))
        take(LogID(epoch: 1, seq: 1), .end(epoch: 1, end))
        #expect(survey.end == end)
    }

    /// The producer lives and writes the text again: how far it has come counts, not the end in front of it.
    @Test mutating func anEndBehindAHoleIsUnreachable() {
        open(1, text: 1)
        chunks(1...1, epoch: 1)
        chunks(3...4, epoch: 1)
        let end = StreamEnd(finish: .completed, chunks: 4, bytes: 8, sha256: Array(repeating: 0, count: 32))
        take(LogID(epoch: 1, seq: 5), .end(epoch: 1, end))
        #expect(survey.end == end && survey.hasUnreachableEnd)
        expect("1,", chunks: 1)
        open(2, text: 1)
        #expect(survey.end == nil && !survey.hasUnreachableEnd)
        chunks(1...4, epoch: 2)
        take(LogID(epoch: 2, seq: 5), .end(epoch: 2, end))
        #expect(survey.end == end && !survey.hasUnreachableEnd)
        expect("1,2,3,4,", chunks: 4)
    }

    @Test mutating func anEndThatWasWrittenForAHoleIsTheEnd() {
        open(1, text: 1)
        chunks(2...2, epoch: 1)
        let end = StreamEnd(finish: .completed, chunks: 2, bytes: 4, sha256: Array(repeating: 0, count: 32))
        take(LogID(epoch: 1, seq: 3), .end(epoch: 1, end))
        let lost = survey.end(.failed(.logLost))
        take(LogID(epoch: 2, seq: 1), .end(epoch: 2, lost))
        #expect(survey.end == lost && !survey.hasUnreachableEnd)
    }
}
