import HubTesting
import NIOCore
import Testing

@testable import ChunkStreams

@Suite struct StreamTextTests {
    private func text(_ chunks: [String], after base: UInt64 = 0) -> StreamText {
        var text = StreamText(after: base)
        for chunk in chunks { text.append(ByteBuffer(string: chunk)) }
        return text
    }

    @Test func readsWholeChunksWithinALimit() throws {
        let text = text(["ab", "cde", "f"])
        let entry = try #require(text.entry(after: 0, limit: 100, epoch: 1))
        guard case .chunks(let all)? = StreamEntry(payload: entry.payload) else {
            Issue.record("no entry of chunks")
            return
        }
        #expect(String(buffer: all.text) == "abcdef" && all.last == 3 && Array(all.lengths) == [2, 3, 1])
        #expect(entry.last == 3 && all.epoch == 1)
        #expect(text.entry(after: 0, limit: 100, epoch: 1, through: 2)?.last == 2)
        var seq: UInt64 = 0
        #expect(text.read(advancing: &seq, limit: 4) == ByteBuffer(string: "ab") && seq == 1)
        #expect(text.read(advancing: &seq, limit: 1) == ByteBuffer(string: "cde") && seq == 2, "at least one")
        seq = 3
        #expect(text.read(advancing: &seq, limit: 100) == nil)
    }

    @Test func dropsWhatWasReadAndKeepsNumbers() throws {
        var text = text(["ab", "cde", "f"], after: 10)
        text.drop(through: 11)
        #expect(text.base == 11 && text.last == 13 && text.byteCount == 4)
        #expect(text.byteCount(after: 12) == 1)
        var seq: UInt64 = 11
        #expect(text.read(advancing: &seq, limit: 100) == ByteBuffer(string: "cdef") && seq == 13)
        text.drop(through: 13)
        text.append(ByteBuffer(string: "gh"))
        #expect(text.read(advancing: &seq, limit: 100) == ByteBuffer(string: "gh") && seq == 14)
    }

    @Test func takesOnlyTheChunksThatFollow() throws {
        var text = text(["ab", "c"])
        text.append(
            StreamEntry.Chunks(epoch: 1, first: 2, lengths: ChunkLengths([1, 2, 1]), text: ByteBuffer(string: "cdef")))
        #expect(text.last == 4)
        #expect(String(buffer: text.all) == "abcdef")
    }

    @Test(arguments: 0..<20) func anyCutsAndDropsGiveTheSameText(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let chunks = (0..<200).map { _ in String(repeating: "x", count: .random(in: 1...9, using: &random)) }
        var text = StreamText()
        var read = ""
        var seq: UInt64 = 0
        for chunk in chunks {
            text.append(ByteBuffer(string: chunk))
            while Bool.random(using: &random),
                let piece = text.read(advancing: &seq, limit: .random(in: 1...30, using: &random))
            {
                read += String(buffer: piece)
                if Bool.random(using: &random) { text.drop(through: seq) }
            }
        }
        if let piece = text.read(advancing: &seq, limit: .max) { read += String(buffer: piece) }
        #expect(read == chunks.joined())
    }
}
