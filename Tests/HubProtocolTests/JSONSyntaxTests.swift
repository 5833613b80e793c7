import HubProtocol
import HubTesting
import NIOCore
import Testing

@Suite struct JSONSyntaxTests {
    static let malformed: [String] = [
        "", " ", "\u{1E}", "{", "}", "{}}", "{}{}", "{},", "[]", "[{}]", "null", "6", "\"type\"", "{type:6}",
        "{'type':6}", "{\"type\"}", "{\"type\":}", "{\"type\":6,}", "{,\"type\":6}", "{\"type\":6 \"a\":1}",
        "{\"type\":6;\"a\":1}", "{\"type\"=6}", "{\"a\":[1,]}", "{\"a\":[,1]}", "{\"a\":[1 2]}", "{\"a\":[}",
        "{\"a\":]}",
        "{\"a\":[1}", "{\"a\":{1:2}}", "{\"a\":01}", "{\"a\":-}", "{\"a\":+1}", "{\"a\":.5}", "{\"a\":1.}",
        "{\"a\":1e}",
        "{\"a\":1e+}", "{\"a\":0x10}", "{\"a\":--1}", "{\"a\":NaN}", "{\"a\":Infinity}", "{\"a\":tru}", "{\"a\":True}",
        "{\"a\":truefalse}", "{\"a\":nul", "{\"a\":undefined}", "{\"a\":\"}", "{\"a\":\"\\\"}", "{\"a\":\"\\x41\"}",
        "{\"a\":\"\\u12\"}", "{\"a\":\"\\u12G4\"}", "{\"a\":\"\\u\"}", "{\"a\":\"\\u123", "{\"a\":\"\\",
        "{\"a\":\"\n\"}",
        "{\"a\":\"\t\"}", "{\"a\":\"\0\"}", "{\"a\":1}/**/", "{/**/\"a\":1}", "{\"a\":1}//", "\u{FEFF}{}", "{\u{A0}}",
        "{\"a\":'b'}", "{\"a\":\"b\"\"c\"}", "{\"a\" \"b\"}", "{\"a\"::1}", "{\"a\":1}\0",
    ]

    @Test(arguments: malformed)
    func refusesMalformedText(text: String) {
        let error = #expect(throws: HubProtocolError.self) { try parse(text) }
        #expect(error?.code == .malformedJSON)
    }

    @Test(
        arguments: [
            [0x80], [0xBF], [0xC0, 0x80], [0xC1, 0xBF], [0xC3], [0xC3, 0x28], [0xE0, 0x80, 0x80], [0xE0, 0x9F, 0xBF],
            [0xE2, 0x82], [0xE2, 0x28, 0xA1], [0xE2, 0x82, 0x28], [0xED, 0xA0, 0x80], [0xED, 0xBF, 0xBF],
            [0xF0, 0x80, 0x80, 0x80], [0xF0, 0x8F, 0xBF, 0xBF], [0xF0, 0x9F, 0x98], [0xF0, 0x9F, 0x98, 0x28],
            [0xF4, 0x90, 0x80, 0x80], [0xF5, 0x80, 0x80, 0x80], [0xFE], [0xFF], [0xF8, 0x88, 0x80, 0x80, 0x80],
        ] as [[UInt8]])
    func refusesIllFormedUTF8(bytes: [UInt8]) {
        for tail in ["\"}", "", "\",\"type\":6}"] {
            let text = Array("{\"a\":\"x".utf8) + bytes + Array(tail.utf8)
            let error = #expect(throws: HubProtocolError.self) { try JSONHubProtocol.parse(ByteBuffer(bytes: text)) }
            #expect(error?.code == .malformedJSON)
        }
    }

    @Test(arguments: [
        "0", "-0", "1", "-1", "10", "0.5", "-0.0", "1e5", "1E+5", "1.25e-7", "123456789012345678901234567890",
        "true", "false", "null", "[]", "[[]]", "{}", "{\"a\":{}}", "[1,\"2\",null]", "\"\"",
        "\"\\u0041\\/\\b\\f\\n\\r\\t\"",
        "\"\u{7F}\u{80}\u{7FF}\u{800}\u{FFFD}\u{FFFF}\u{10000}\u{10FFFF}\"", "\"\\ud800\"", "\" { [ , : \"",
    ])
    func acceptsEveryKindOfValue(value: String) throws {
        let padded = "{\"type\":2,\"invocationId\":\"1\",\"item\" :\n\t\(value)\r }"
        #expect(try parse(padded) == .streamItem(StreamItemMessage(invocationID: "1", item: ByteBuffer(string: value))))
    }

    @Test func countsTheDepthOfArraysAndObjects() throws {
        func nested(_ depth: Int, _ begin: String, _ end: String) -> String {
            "{\"type\":6,\"a\":" + String(repeating: begin, count: depth) + "1" + String(repeating: end, count: depth)
                + "}"
        }
        #expect(try parse(nested(63, "[", "]")) == .ping)
        #expect(try parse(nested(63, "{\"b\":", "}")) == .ping)
        for text in [nested(64, "[", "]"), nested(64, "{\"b\":", "}"), nested(100_000, "[", "]")] {
            let error = #expect(throws: HubProtocolError.self) { try parse(text) }
            #expect(error?.code == .nestedTooDeeply)
        }
    }

    @Test func countsDepthNotNumber() throws {
        let siblings = Array(repeating: "[[]]", count: 1000).joined(separator: ",")
        #expect(try parse("{\"type\":6,\"a\":[\(siblings)]}") == .ping)
    }

    @Test func refusesEveryProperPrefixOfAMessage() throws {
        for (_, text) in Samples.messages {
            let bytes = Array(text.utf8)
            for length in 0..<bytes.count {
                #expect(throws: HubProtocolError.self) {
                    try JSONHubProtocol.parse(ByteBuffer(bytes: bytes[..<length]))
                }
            }
        }
    }

    @Test(.timeLimit(.minutes(1)))
    func survivesMutatedMessages() {
        var generator = SeededGenerator(seed: 2)
        let interesting = Array("{}[]\",:\\u0019eE+-.ntf \u{1E}".utf8) + [0, 0x80, 0xC3, 0xED, 0xF0, 0xFF]
        let texts = Samples.messages.map { Array($0.1.utf8) }
        var accepted = 0
        for round in 0..<20_000 {
            var bytes = texts[round % texts.count]
            for _ in 0...Int.random(in: 0..<4, using: &generator) {
                let position = Int.random(in: 0..<max(bytes.count, 1), using: &generator)
                let byte = interesting.randomElement(using: &generator) ?? 0
                switch Int.random(in: 0..<5, using: &generator) {
                case 0 where position < bytes.count: bytes[position] = byte
                case 1 where position < bytes.count: bytes[position] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
                case 2 where position < bytes.count: bytes.remove(at: position)
                case 3: bytes.append(contentsOf: bytes[min(position, bytes.count)...])
                default: bytes.insert(byte, at: min(position, bytes.count))
                }
            }
            if let message = try? JSONHubProtocol.parse(ByteBuffer(bytes: bytes)) {
                accepted += 1
                // What was accepted can be written and read again.
                var written = ByteBuffer()
                JSONHubProtocol.write(message, into: &written)
                let record = written.readSlice(length: written.readableBytes - 1)
                #expect(record.map { (try? JSONHubProtocol.parse($0)) != nil } == true)
            }
        }
        #expect(accepted > 100 && accepted < 19_000)
    }
}
