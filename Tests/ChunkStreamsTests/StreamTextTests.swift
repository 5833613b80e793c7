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
        let first = try #require(text.read(after: 0, limit: 4))
        #expect(String(buffer: first.text) == "ab" && first.last == 1)
        let atLeastOne = try #require(text.read(after: 1, limit: 1))
        #expect(String(buffer: atLeastOne.text) == "cde" && atLeastOne.last == 2)
        #expect(text.read(after: 3, limit: 100) == nil)
    }

    @Test func dropsWhatWasReadAndKeepsNumbers() throws {
        var text = text(["ab", "cde", "f"], after: 10)
        text.drop(through: 11)
        #expect(text.base == 11 && text.last == 13 && text.byteCount == 4)
        #expect(text.byteCount(after: 12) == 1)
        let rest = try #require(text.read(after: 11, limit: 100))
        #expect(String(buffer: rest.text) == "cdef" && rest.last == 13)
        text.drop(through: 13)
        text.append(ByteBuffer(string: "gh"))
        let next = try #require(text.read(after: 13, limit: 100))
        #expect(String(buffer: next.text) == "gh" && next.last == 14)
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
                let piece = text.read(after: seq, limit: .random(in: 1...30, using: &random))
            {
                read += String(buffer: piece.text)
                seq = piece.last
                if Bool.random(using: &random) { text.drop(through: seq) }
            }
        }
        if let piece = text.read(after: seq, limit: .max) { read += String(buffer: piece.text) }
        #expect(read == chunks.joined())
    }
}
