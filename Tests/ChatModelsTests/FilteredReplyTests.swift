import HubTesting
import NIOCore
import Testing

@testable import ChatModels

@Suite(.timeLimit(.minutes(1))) struct FilteredReplyTests {
    /// Whatever the text and its cuts: recent places are exact, of older text never more is kept than the filter says, and hardly less.
    @Test(arguments: 0..<8 as Range<UInt64>) func placesAreFound(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let words = ["a ", "Grüße ", "😀", "日本語 ", String(repeating: "long ", count: 50)]
        var reply = FilteredReply(base: 0)
        var text = ""
        for _ in 0..<Int.random(in: 1...400, using: &random) {
            let word = words.randomElement(using: &random) ?? ""
            reply.append(ByteBuffer(string: word))
            text += word
        }
        let length = text.utf16.count
        let latest = (0..<10).map { _ in Int.random(in: max(0, length - 1000)...length, using: &random) }
        for place in latest + (0..<10).map({ _ in Int.random(in: 0...length, using: &random) }) {
            let exact = text.utf8Count(ofUTF16: place)
            let found = reply.block(ContentFilterOffsets(start: place, check: nil), category: "hate").keepBytes
            #expect(found <= exact)
            #expect(found >= text.utf8Count(ofUTF16: place - FilteredReply.markDistance - 2))
            if latest.contains(place) { #expect(found == exact) }
        }
    }

    /// A copy of the text would be a second one of each reply.
    @Test func littleOfALongReplyIsHeld() {
        var reply = FilteredReply(base: 0)
        for _ in 0..<2000 { reply.append(ByteBuffer(string: String(repeating: "word ", count: 20))) }
        #expect(reply.heldBytes < 200_000 / 8)
    }
}

extension String {
    /// Of a place in the middle of a scalar, where that begins.
    fileprivate func utf8Count(ofUTF16 units: Int) -> Int {
        var (rest, bytes) = (units, 0)
        for scalar in unicodeScalars {
            rest -= UTF16.width(scalar)
            if rest < 0 { break }
            bytes += UTF8.width(scalar)
        }
        return bytes
    }
}
