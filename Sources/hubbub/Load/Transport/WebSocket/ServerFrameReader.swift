import NIOCore
import NIOWebSocket

/// Reads a server's half of a WebSocket (RFC 6455, section 5.2): bytes cut anywhere go in, whole frames come out.
struct ServerFrameReader {
    struct Frame {
        let opcode: WebSocketOpcode
        let payload: ByteBuffer
    }

    private static let opcodes: [WebSocketOpcode] = [.text, .binary, .continuation, .ping, .pong, .connectionClose]
    private static let maximumPayload = 16 * 1024 * 1024

    private var unread = ByteBuffer()

    mutating func receive(_ bytes: ByteBuffer) { unread.appendReceived(bytes) }

    /// The next frame, or `nil` until more bytes have come.
    mutating func next() throws(LoadFailure) -> Frame? {
        var bytes = unread
        guard let start = bytes.readInteger(as: UInt16.self) else { return nil }
        var length = Int(start & 0x7F)
        if length == 126 {
            guard let word = bytes.readInteger(as: UInt16.self) else { return nil }
            length = Int(word)
        } else if length == 127 {
            guard let word = bytes.readInteger(as: UInt64.self) else { return nil }
            length = Int(clamping: word)
        }
        // Reserved bits are clear, a server does not mask.
        guard start & 0x7080 == 0, length <= Self.maximumPayload,
            let opcode = WebSocketOpcode(encodedWebSocketOpcode: UInt8(start >> 8 & 0x0F)),
            Self.opcodes.contains(opcode)
        else { throw LoadFailure(code: "bad_frame") }
        guard let payload = bytes.readSlice(length: length) else { return nil }
        unread = bytes.readableBytes > 0 ? bytes : ByteBuffer()
        return Frame(opcode: opcode, payload: payload)
    }
}
