import HubProtocol
import HubTesting
import NIOCore
import Testing

@Suite struct RecordSplitterTests {
    let stream = Samples.messages.map { $0.1 + "\u{1E}" }.joined()
    let records = Samples.messages.map(\.1)

    func drain(_ splitter: inout RecordSplitter) throws -> [String] {
        var records: [String] = []
        while let record = try splitter.next() { records.append(String(buffer: record)) }
        return records
    }

    @Test func takesAllRecordsFromOnePiece() throws {
        var splitter = RecordSplitter(maximumRecordSize: 1024)
        splitter.feed(ByteBuffer(string: stream))
        #expect(try drain(&splitter) == records)
    }

    @Test func takesTheSameRecordsByteByByte() throws {
        var splitter = RecordSplitter(maximumRecordSize: 1024)
        var taken: [String] = []
        for byte in stream.utf8 {
            splitter.feed(ByteBuffer(integer: byte))
            taken += try drain(&splitter)
        }
        #expect(taken == records)
    }

    @Test func takesTheSameMessagesFromRandomPieces() throws {
        var generator = SeededGenerator(seed: 5)
        for _ in 0..<300 {
            var splitter = RecordSplitter(maximumRecordSize: 1024)
            var rest = ByteBuffer(string: stream)
            var taken: [HubMessage] = []
            while rest.readableBytes > 0 {
                let length = Int.random(in: 0...min(120, rest.readableBytes), using: &generator)
                if let piece = rest.readSlice(length: length) { splitter.feed(piece) }
                // Sometimes several pieces gather before anyone asks.
                guard Bool.random(using: &generator) || rest.readableBytes == 0 else { continue }
                while let record = try splitter.next() { taken.append(try JSONHubProtocol.parse(record)) }
            }
            #expect(taken == Samples.messages.map(\.0))
        }
    }

    @Test func copiesNoRecordThatLiesInOnePiece() throws {
        let piece = ByteBuffer(string: "first\u{1E}second\u{1E}thi")
        var splitter = RecordSplitter(maximumRecordSize: 1024)
        splitter.feed(piece)
        let records = [try splitter.next(), try splitter.next()].compactMap { $0 }
        #expect(records.map(String.init(buffer:)) == ["first", "second"])
        let storage = piece.withVeryUnsafeBytes { $0.baseAddress }
        #expect(records.allSatisfy { $0.storageCapacity == piece.storageCapacity })
        #expect(records.first?.withVeryUnsafeBytes { $0.baseAddress } == storage)
    }

    @Test func givesEmptyRecordsToo() throws {
        var splitter = RecordSplitter(maximumRecordSize: 4)
        splitter.feed(ByteBuffer(string: "\u{1E}\u{1E}a\u{1E}"))
        #expect(try drain(&splitter) == ["", "", "a"])
    }

    @Test func refusesARecordBeyondTheLimitWholeOrUnfinished() throws {
        for text in ["12345\u{1E}", "12345", "ok\u{1E}12345"] {
            var splitter = RecordSplitter(maximumRecordSize: 4)
            splitter.feed(ByteBuffer(string: text))
            let error = #expect(throws: HubProtocolError.self) { try drain(&splitter) }
            #expect(error?.code == .messageTooLarge)
            splitter.feed(ByteBuffer(string: "\u{1E}x\u{1E}"))
            #expect(throws: HubProtocolError.self) { try splitter.next() }
        }
    }

    @Test func acceptsARecordOfExactlyTheLimit() throws {
        var splitter = RecordSplitter(maximumRecordSize: 4)
        splitter.feed(ByteBuffer(string: "1234"))
        #expect(try splitter.next() == nil)
        splitter.feed(ByteBuffer(string: "\u{1E}"))
        #expect(try splitter.next() == ByteBuffer(string: "1234"))
    }

    @Test func whatIsBehindTheHandshakeIsCutInItsOwnWay() throws {
        var splitter = RecordSplitter(maximumRecordSize: 64)
        splitter.feed(ByteBuffer(string: "{}\u{1E}"))
        splitter.feed(ByteBuffer(bytes: [0x02, 0x91, 0x06, 0x02, 0x91]))
        #expect(try splitter.next() == ByteBuffer(string: "{}"))
        splitter.encoding = .messagePack
        #expect(try splitter.next() == ByteBuffer(bytes: [0x91, 0x06]))
        #expect(try splitter.next() == nil)
        splitter.feed(ByteBuffer(bytes: [0x06]))
        #expect(try splitter.next() == ByteBuffer(bytes: [0x91, 0x06]))
        #expect(try splitter.next() == nil)
    }

    @Test(.timeLimit(.minutes(1)))
    func needsTimeInProportionToTheBytes() throws {
        // Byte by byte: quadratic copying or searching would take far beyond the time limit.
        let size = 1 << 18
        var splitter = RecordSplitter(maximumRecordSize: size)
        let byte = ByteBuffer(integer: UInt8(ascii: "x"))
        for _ in 0..<size {
            splitter.feed(byte)
            guard try splitter.next() == nil else {
                Issue.record("no record has ended")
                return
            }
        }
        splitter.feed(ByteBuffer(integer: 0x1E as UInt8))
        #expect(try splitter.next()?.readableBytes == size)
    }
}
