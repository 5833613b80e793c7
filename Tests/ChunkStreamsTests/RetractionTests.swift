import HubBackplane
import HubTesting
import NIOCore
import Testing

@testable import ChunkStreams

/// Text that is taken back, without a node: what a producer writes, what a node knows of it, what its viewers see.
@Suite struct RetractionTests {
    private func text(_ chunks: String...) -> StreamText {
        var text = StreamText()
        for chunk in chunks { text.append(ByteBuffer(string: chunk)) }
        return text
    }

    private func read(_ text: StreamText, after seq: UInt64 = 0) -> String? {
        var seq = seq
        return text.read(advancing: &seq, limit: .max).map { String(buffer: $0) }
    }

    @Test func theRestStandsWithItsNumbers() throws {
        var text = text("one ", "two ", "three ")
        text.retract(keeping: 6, category: "hate", replacement: ByteBuffer(string: "…"))
        text.append(ByteBuffer(string: " four"))
        #expect(String(buffer: text.all) == "one tw… four" && text.last == 5)
        #expect(read(text, after: 1) == "tw… four")
        #expect(read(text, after: 4) == " four")
        let retraction = try #require(text.retractions.last)
        #expect(retraction.seq == 4 && retraction.keepSeq == 1)
        let told = ChunkRetraction(keepUTF16: 6, keepBytes: 6, category: "hate", replacement: ByteBuffer(string: "…"))
        #expect(retraction.told(after: 3) == told)
    }

    @Test func aScalarIsNeverCut() throws {
        var text = text("a😀b")
        text.retract(keeping: 3, category: "x")
        #expect(String(buffer: text.all) == "a")
        text.append(ByteBuffer(string: "😀€c"))
        text.retract(keeping: 8, category: "x")
        #expect(String(buffer: text.all) == "a😀€")
        #expect(text.retractions.last?.keepUTF16 == 4 && text.retractions.last?.keepBytes == 8)
    }

    @Test func whatTookTheirPlaceCanBeTakenBackItself() throws {
        var text = text("one ", "two ")
        text.retract(keeping: 4, category: "x", replacement: ByteBuffer(string: "three "))
        text.retract(keeping: 6, category: "x", replacement: ByteBuffer(string: "!"))
        #expect(String(buffer: text.all) == "one th!")
        let deepest = try #require(text.retractions.deepest(after: 2))
        #expect(deepest.seq == 4 && deepest.keepSeq == 1 && deepest.keepBytes == 6)
        #expect(text.retractions.all[0].text.readableBytes == 0)
    }

    /// A log that is written again has what stands, and a reader who has read what does not is still told.
    @Test func entriesCarryWhatStands() throws {
        var text = text("one ", "two ", "three ")
        text.retract(keeping: 4, category: "x")
        text.append(ByteBuffer(string: "four"))
        var entries: [StreamEntry] = []
        var seq: UInt64 = 0
        while let entry = text.entry(after: seq, limit: .max, epoch: 2) {
            entries.append(try #require(StreamEntry(payload: entry.payload)))
            seq = entry.last
        }
        guard case .chunks(let before) = entries[0], case .retraction(_, let retraction) = entries[1],
            case .chunks(let after) = entries[2], entries.count == 3
        else {
            Issue.record("\(entries)")
            return
        }
        #expect(String(buffer: before.text) == "one " && Array(before.lengths) == [4, 0, 0])
        #expect(retraction.seq == 4 && retraction.keepSeq == 1)
        #expect(String(buffer: after.text) == "four" && after.first == 5)
    }

    /// Whatever is written, taken back, read, resumed, cut off and written again: everybody ends with the text as it stands.
    @Test(arguments: 0..<200) func everybodyEndsWithTheTextAsItStands(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var world = World()
        for _ in 0..<Int.random(in: 5...60, using: &random) { try world.step(using: &random) }
        try world.finish()
    }
}

/// A producer's text, the log, one node that follows it and the clients that read there.
private struct World {
    private struct Client {
        var text = ""
        var viewer: ViewerState
    }

    private var text = StreamText()
    private var epoch: UInt64 = 1
    private var log: [StreamEntry] = [.open(.init(epoch: 1, textEpoch: 1, node: NodeID("a")))]
    private var logged: UInt64 = 0
    /// How much of the log the node has seen.
    private var seen = 0
    private var content = StreamContent(after: .start)
    private var clients: [Client] = []

    mutating func step(using random: inout some RandomNumberGenerator) throws {
        switch Int.random(in: 0..<14, using: &random) {
        case 0..<5:
            let pieces = ["a", "bc", "é", "😀", "€uro ", "word "]
            text.append(ByteBuffer(string: pieces.randomElement(using: &random) ?? ""))
        case 5:
            let replacement = ["", "", "[…]"].randomElement(using: &random) ?? ""
            text.retract(
                keeping: .random(in: 0...text.byteCount + 1, using: &random), category: "test",
                replacement: ByteBuffer(string: replacement))
        case 6..<8:
            append(limit: .random(in: 1...12, using: &random))
        case 8, 9:
            hear(.random(in: 0...3, using: &random))
        case 10:
            clients.append(Client(viewer: ViewerState(number: 1, sink: ReadingSink(), cursor: .start)))
        case 11:
            resume(using: &random)
        case 12:
            reopen()
        default:
            for index in clients.indices { try read(index, limit: .random(in: 1...9, using: &random)) }
        }
    }

    mutating func finish() throws {
        while logged < text.last { append(limit: .max) }
        hear(.max)
        clients.append(Client(viewer: ViewerState(number: 1, sink: ReadingSink(), cursor: .start)))
        for index in clients.indices {
            while try read(index, limit: 7) {}
            #expect(clients[index].text == String(buffer: text.all))
        }
    }

    private mutating func append(limit: Int) {
        guard let entry = text.entry(after: logged, limit: limit, epoch: epoch),
            let read = StreamEntry(payload: entry.payload)
        else { return }
        log.append(read)
        logged = entry.last
    }

    private mutating func hear(_ count: Int) {
        for entry in log[seen...].prefix(count) {
            #expect(content.takeFromLog(entry) != .gap)
            seen += 1
        }
        if seen == log.count { content.reachedEndOfLog() }
    }

    /// The producer goes on under another epoch, and writes the text again as it stands.
    private mutating func reopen() {
        epoch += 1
        log.append(.open(.init(epoch: epoch, textEpoch: 1, node: NodeID("a"))))
        logged = 0
    }

    /// A client comes back with its cursor.
    private mutating func resume(using random: inout some RandomNumberGenerator) {
        guard let index = clients.indices.randomElement(using: &random) else { return }
        let cursor = clients[index].viewer.cursor
        clients[index].viewer = ViewerState(number: 1, sink: ReadingSink(), cursor: cursor)
    }

    @discardableResult
    private mutating func read(_ index: Int, limit: Int) throws -> Bool {
        let before = clients[index].viewer.cursor
        switch clients[index].viewer.next(from: content, limit: limit) {
        case .event(.text(let text, _)):
            clients[index].text += String(buffer: text)
        case .event(.retracted(let retraction, _)):
            let kept = clients[index].text.utf16.prefix(Int(retraction.keepUTF16))
            #expect(clients[index].text.utf8.count <= retraction.keepBytes || kept.count == retraction.keepUTF16)
            clients[index].text = String(decoding: kept, as: UTF16.self) + String(buffer: retraction.replacement)
        case .nothing:
            return false
        default:
            Issue.record("nothing else can come")
            return false
        }
        #expect(clients[index].viewer.cursor >= before)
        return true
    }
}
