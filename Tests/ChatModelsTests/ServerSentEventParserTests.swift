import HubTesting
import NIOCore
import Testing

@testable import ChatModels

@Suite struct ServerSentEventParserTests {
    /// Everything that the parser gives out for a body in these pieces.
    private func events(_ pieces: [[UInt8]], limit: Int = 1024 * 1024) throws -> [String] {
        var parser = ServerSentEventParser(maximumEventSize: limit)
        var events: [String] = []
        for piece in pieces {
            parser.append(ByteBuffer(bytes: piece))
            while let event = try parser.next() {
                events.append(String(decoding: event, as: UTF8.self))
            }
        }
        if let event = parser.finish() {
            events.append(String(decoding: event, as: UTF8.self))
        }
        return events
    }

    private func events(_ text: String) throws -> [String] {
        try events([Array(text.utf8)])
    }

    @Test(arguments: [
        ("data: a\n\ndata: b\n\n", ["a", "b"]),
        ("data: a\r\n\r\ndata: b\r\n\r\n", ["a", "b"]),
        ("data: a\r\rdata: b\r\r", ["a", "b"]),
        ("data:a\n\n", ["a"]),
        ("data:  a\n\n", [" a"]),
        ("data: a\ndata: b\n\n", ["a\nb"]),
        ("data\n\n", [""]),
        ("data:\n\n", [""]),
        (":\n\n: ping\n\ndata: a\n\n", ["a"]),
        ("event: x\nid: 1\nretry: 5\ndata: a\n\n", ["a"]),
        ("database: a\ndat: b\n\n", []),
        ("\n\n\ndata: a\n\n\n\n", ["a"]),
        ("\u{FEFF}data: a\n\n", ["a"]),
        ("data: a\n", ["a"]),
        ("data: a\n\ndata: cut", ["a"]),
        ("", []),
    ])
    func readsWhatTheStandardAllows(body: String, expected: [String]) throws {
        #expect(try events(body) == expected)
    }

    @Test(arguments: ["\n", "\r\n", "\r"])
    func pieceEndsMeanNothing(lineEnd: String) throws {
        let lines = [
            ": comment", "data: {\"text\":\"grüße 👩‍👩‍👧\"}", "", "data:two", "data: lines", "", ":", "", "data: [DONE]", "",
            "",
        ]
        let body = Array(lines.joined(separator: lineEnd).utf8)
        let expected = ["{\"text\":\"grüße 👩‍👩‍👧\"}", "two\nlines", "[DONE]"]
        #expect(try events([body]) == expected)
        #expect(try events(body.map { [$0] }) == expected)
        for cut in body.indices {
            #expect(try events([Array(body[..<cut]), Array(body[cut...])]) == expected)
        }
        var generator = SeededGenerator(seed: 42)
        for _ in 0..<500 {
            var rest = body[...]
            var pieces: [[UInt8]] = []
            while !rest.isEmpty {
                let piece = rest.prefix(Int.random(in: 0...7, using: &generator))
                pieces.append(Array(piece))
                rest = rest.dropFirst(piece.count)
            }
            #expect(try events(pieces) == expected)
        }
    }

    @Test func refusesAnEventThatIsTooLarge() throws {
        let line = Array("data: 0123456789\n".utf8)
        #expect(throws: ServerSentEventParser.EventTooLarge.self) { try events([line, line, line], limit: 25) }
        #expect(try events([line, line, Array("\n".utf8)], limit: 25) == ["0123456789\n0123456789"])
    }

    @Test func refusesALineThatDoesNotEnd() throws {
        let piece = Array(repeating: UInt8(ascii: "x"), count: 64 * 1024)
        #expect(throws: ServerSentEventParser.EventTooLarge.self) { try events(Array(repeating: piece, count: 17)) }
        #expect(try events(Array(repeating: piece, count: 16)) == [])
    }

    @Test func refusesALineThatIsTooLongInOnePieceAsWell() {
        let comment = Array(":0123456789\ndata: a\n\n".utf8)
        #expect(throws: ServerSentEventParser.EventTooLarge.self) { try events([comment], limit: 10) }
        #expect(throws: ServerSentEventParser.EventTooLarge.self) { try events(comment.map { [$0] }, limit: 10) }
    }
}
