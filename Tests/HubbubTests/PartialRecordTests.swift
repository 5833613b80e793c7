import HubProtocol
import NIOCore
import Testing

@testable import hubbub

@Suite struct PartialRecordTests {
    private static let id = String(repeating: "a", count: 32)

    /// As the server writes it.
    private static func record(_ encoding: HubEncoding, _ text: String) throws -> ByteBuffer {
        var message = ByteBuffer()
        PreparedInvocation(encoding, target: "partial", leading: [id]).write(
            ByteBuffer(string: text), 7, into: &message)
        var splitter = RecordSplitter(maximumRecordSize: .max, encoding: encoding)
        splitter.feed(message)
        let record = try splitter.next()
        return try #require(record)
    }

    @Test(arguments: HubEncoding.allCases, [0, 1, 20, 31, 32, 255, 256, 65_535, 65_536])
    func isReadByItsPlaceWhateverItsLength(encoding: HubEncoding, length: Int) throws {
        let text = String(repeating: "é", count: length / 2) + String(repeating: ".", count: length % 2)
        try Self.record(encoding, text).withUnsafeReadableBytes { bytes in
            let partial = try #require(PartialRecord(bytes, encoding))
            #expect(String(decoding: partial.messageID, as: UTF8.self) == Self.id)
            #expect(String(decoding: partial.text, as: UTF8.self) == text)
        }
    }

    @Test(arguments: HubEncoding.allCases)
    func oneThatIsCutOffBehindNoStringIsNone(encoding: HubEncoding) throws {
        let record = try Self.record(encoding, String(repeating: ".", count: 40))
        record.withUnsafeReadableBytes { bytes in
            let lastOfText = bytes.lastIndex(of: UInt8(ascii: "."))!
            for count in 0...lastOfText {
                #expect(PartialRecord(UnsafeRawBufferPointer(rebasing: bytes[..<count]), encoding) == nil)
            }
        }
    }

    @Test(arguments: HubEncoding.allCases) func anotherMessageIsNone(encoding: HubEncoding) throws {
        var message = ByteBuffer()
        encoding.write(.ping, into: &message)
        message.withUnsafeReadableBytes { #expect(PartialRecord($0, encoding) == nil) }
    }

    /// It is read as any other message then.
    @Test func oneWithEscapesIsNone() throws {
        try Self.record(.json, "a\nb").withUnsafeReadableBytes { #expect(PartialRecord($0, .json) == nil) }
    }
}
