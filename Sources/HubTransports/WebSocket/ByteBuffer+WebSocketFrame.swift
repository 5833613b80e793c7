import NIOCore
import NIOWebSocket

extension ByteBuffer {
    /// The most bytes of a server's frame header. A message buffer that starts with this many free bytes before its
    /// reader index gets its header written into them; any other costs a buffer of its own for the header.
    static let webSocketHeadroom = 10

    /// Puts the header of a final, unmasked frame in front of the bytes (RFC 6455, section 5.2).
    ///
    /// - Returns: Whether there was room for it and nobody else holds the bytes.
    mutating func prependWebSocketHeader(opcode: WebSocketOpcode) -> Bool {
        let length = readableBytes
        let header = Self.webSocketHeaderLength(forPayload: length)
        guard readerIndex >= header else { return false }
        return modifyIfUniquelyOwned { buffer in
            buffer.moveReaderIndex(to: buffer.readerIndex - header)
            buffer.setWebSocketHeader(opcode: opcode, payload: length)
            return true
        } ?? false
    }

    /// The header of a final, unmasked frame, in a buffer of its own.
    static func webSocketHeader(opcode: WebSocketOpcode, payload length: Int) -> ByteBuffer {
        var buffer = ByteBuffer()
        buffer.writeRepeatingByte(0, count: webSocketHeaderLength(forPayload: length))
        buffer.setWebSocketHeader(opcode: opcode, payload: length)
        return buffer
    }

    /// A close frame without a reason (RFC 6455, section 5.5.1).
    static func webSocketClose(_ code: WebSocketErrorCode) -> ByteBuffer {
        var buffer = webSocketHeader(opcode: .connectionClose, payload: 2)
        buffer.writeInteger(UInt16(webSocketErrorCode: code))
        return buffer
    }

    private static func webSocketHeaderLength(forPayload length: Int) -> Int {
        switch length {
        case ...125: 2
        case ...0xFFFF: 4
        default: 10
        }
    }

    private mutating func setWebSocketHeader(opcode: WebSocketOpcode, payload length: Int) {
        setInteger(0x80 | UInt8(webSocketOpcode: opcode), at: readerIndex)
        switch length {
        case ...125:
            setInteger(UInt8(length), at: readerIndex + 1)
        case ...0xFFFF:
            setInteger(UInt8(126), at: readerIndex + 1)
            setInteger(UInt16(length), at: readerIndex + 2)
        default:
            setInteger(UInt8(127), at: readerIndex + 1)
            setInteger(UInt64(length), at: readerIndex + 2)
        }
    }
}
