import HubTesting
import NIOCore
import NIOWebSocket
import Testing

@testable import hubbub

@Suite struct ServerFrameReaderTests {
    @Test(arguments: 0..<20)
    func framesCutAnywhereComeOutWhole(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let payloads = (0..<30).map { _ in
            ByteBuffer(
                repeating: UInt8.random(in: 0...255, using: &random),
                count: [0, 5, 125, 126, 300, 70_000].randomElement(using: &random)!)
        }
        var bytes = ByteBuffer()
        for payload in payloads {
            bytes.writeInteger(UInt8(0x81))
            switch payload.readableBytes {
            case ...125: bytes.writeInteger(UInt8(payload.readableBytes))
            case ...0xFFFF:
                bytes.writeInteger(UInt8(126))
                bytes.writeInteger(UInt16(payload.readableBytes))
            default:
                bytes.writeInteger(UInt8(127))
                bytes.writeInteger(UInt64(payload.readableBytes))
            }
            bytes.writeImmutableBuffer(payload)
        }
        var reader = ServerFrameReader()
        var received: [ByteBuffer] = []
        while bytes.readableBytes > 0 {
            let count = min(bytes.readableBytes, Int.random(in: 1...9000, using: &random))
            let piece = bytes.readSlice(length: count)
            reader.receive(try #require(piece))
            while let frame = try reader.next() {
                #expect(frame.opcode == .text)
                received.append(frame.payload)
            }
        }
        #expect(received == payloads)
    }

    @Test(arguments: [[0x81, 0x80], [0xC1, 0x00], [0x83, 0x00], [0x82, 127, 0, 0, 1, 0, 0, 0, 0, 0]] as [[UInt8]])
    func aFrameThatNoServerMaySendIsRefused(bytes: [UInt8]) {
        var reader = ServerFrameReader()
        reader.receive(ByteBuffer(bytes: bytes))
        #expect(throws: LoadFailure.self) { _ = try reader.next() }
    }
}
