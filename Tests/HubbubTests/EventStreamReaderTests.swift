import HubTesting
import NIOCore
import Testing

@testable import hubbub

@Suite struct EventStreamReaderTests {
    private static func events(_ pieces: [ByteBuffer]) throws -> [String] {
        var reader = EventStreamReader()
        var events: [String] = []
        for piece in pieces {
            reader.receive(piece)
            while let data = try reader.next() { events.append(String(buffer: data)) }
        }
        return events
    }

    @Test(arguments: 0..<20)
    func eventsCutAnywhereComeOutWhole(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let events = (0..<30).map { _ in
            String(repeating: "x", count: [0, 1, 60, 5000].randomElement(using: &random)!)
        }
        var bytes = ByteBuffer(string: ":\r\n")
        for event in events {
            let end = ["\r\n", "\n"].randomElement(using: &random)!
            bytes.writeString("data: \(event)\(end)\(end)")
        }
        var pieces: [ByteBuffer] = []
        while bytes.readableBytes > 0 {
            let count = min(bytes.readableBytes, Int.random(in: 1...900, using: &random))
            let piece = bytes.readSlice(length: count)
            pieces.append(try #require(piece))
        }
        #expect(try Self.events(pieces) == events)
    }

    @Test(arguments: [
        ("data: a\r\ndata: b\r\n\r\n", ["a\nb"]),
        ("data:a\n\n", ["a"]),
        (": a comment\n\ndata: a\n: another\n\n", ["a"]),
        ("event: e\nid: 1\ndata:  a\n\n", [" a"]),
        ("data: not whole\n", []),
        ("\r\n\r\n", []),
    ])
    func linesAreReadAsBrowsersDo(text: String, events: [String]) throws {
        #expect(try Self.events([ByteBuffer(string: text)]) == events)
    }

    @Test func aLineWithoutEndIsRefused() {
        var reader = EventStreamReader()
        reader.receive(ByteBuffer(repeating: UInt8(ascii: "x"), count: 16 * 1024 * 1024 + 1))
        #expect(throws: LoadFailure.self) { _ = try reader.next() }
    }
}
