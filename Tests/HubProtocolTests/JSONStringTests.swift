import HubProtocol
import HubTesting
import NIOCore
import Testing

@Suite struct JSONStringTests {
    func written(_ body: (inout JSONWriter) -> Void) -> String {
        var buffer = ByteBuffer()
        JSONWriter.append(to: &buffer, body)
        return String(buffer: buffer)
    }

    @Test(arguments: [
        ("", #""""#), ("plain", #""plain""#), ("a\"b\\c/d", #""a\"b\\c/d""#), ("\n\r\t\u{08}\u{0C}", #""\n\r\t\b\f""#),
        ("\0\u{01}\u{0F}\u{10}\u{1E}\u{1F}", #""\u0000\u0001\u000F\u0010\u001E\u001F""#),
        ("\u{7F}ü€😀<>&'+\u{2028}", "\"\u{7F}ü€😀<>&'+\u{2028}\""), ("12345678\"", #""12345678\"""#),
        ("1234567\\", #""1234567\\""#), ("\"\"\"\"\"\"\"\"\"\"", #""\"\"\"\"\"\"\"\"\"\"""#),
    ])
    func escapesOnlyWhatItMust(text: String, expected: String) {
        #expect(written { $0.string(text) } == expected)
        #expect(written { $0.string(utf8: ByteBuffer(string: text)) } == expected)
    }

    @Test func escapesEachByteAtEachPlaceOfAWord() throws {
        for scalar in (0..<0x100).compactMap(Unicode.Scalar.init) {
            for offset in 0..<17 {
                let text =
                    String(repeating: "x", count: offset) + String(scalar) + String(repeating: "ÿ", count: 17 - offset)
                let json = written { $0.string(text) }
                #expect(json.unicodeScalars.allSatisfy { $0.value >= 0x20 })
                #expect(try JSONValue(validating: ByteBuffer(string: json)).string() == text)
            }
        }
    }

    @Test func randomUnicodeSurvivesTheRoundTrip() throws {
        var generator = SeededGenerator(seed: 3)
        let ranges: [ClosedRange<UInt32>] = [0...0x1F, 0x20...0x7F, 0x80...0x7FF, 0x800...0xFFFF, 0x10000...0x10FFFF]
        for _ in 0..<2_000 {
            var text = String.UnicodeScalarView()
            for _ in 0..<Int.random(in: 0..<60, using: &generator) {
                let range = ranges.randomElement(using: &generator) ?? 0...0x7F
                if let scalar = Unicode.Scalar(UInt32.random(in: range, using: &generator)) { text.append(scalar) }
            }
            let string = String(text)
            let item = ByteBuffer(string: written { $0.string(string) })
            let record = ByteBuffer(
                string: String(json(.streamItem(StreamItemMessage(invocationID: string + "1", item: item))).dropLast()))
            guard case .streamItem(let message) = try JSONHubProtocol.parse(record) else {
                Issue.record("not a stream item")
                return
            }
            #expect(Array(message.invocationID.utf8) == Array((string + "1").utf8))
            let decoded = JSONValue(trusting: message.item).string()
            #expect(decoded.map { Array($0.utf8) } == Array(string.utf8))
        }
    }

    @Test(arguments: [
        (#""\u0041\u00e9\u20AC""#, "Aé€"), (#""\ud83d\ude00""#, "😀"), (#""\uD83D\uDE00!""#, "😀!"),
        (#""a\/b\"c\\d""#, "a/b\"c\\d"), (#""\b\f\n\r\t""#, "\u{08}\u{0C}\n\r\t"), (#""\ud83d""#, "\u{FFFD}"),
        (#""\ude00""#, "\u{FFFD}"), (#""\ude00\ud83d""#, "\u{FFFD}\u{FFFD}"), (#""\ud83dx""#, "\u{FFFD}x"),
        (#""\ud83d\n""#, "\u{FFFD}\n"), (#""\ud83d\ud83d\ude00""#, "\u{FFFD}😀"), (#""\ud83d\u0041""#, "\u{FFFD}A"),
        (#""\u0000""#, "\0"), (#""\uFFFF\uFFFE""#, "\u{FFFF}\u{FFFE}"),
    ])
    func decodesEscapes(json: String, expected: String) throws {
        let decoded = try JSONValue(validating: ByteBuffer(string: json)).string()
        #expect(decoded.map { Array($0.unicodeScalars) } == Array(expected.unicodeScalars))
    }
}
