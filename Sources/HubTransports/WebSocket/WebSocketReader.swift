package import NIOCore
package import NIOWebSocket

/// Reads a client's half of a WebSocket (RFC 6455, section 5): bytes cut anywhere go in, events come out.
///
/// Payload is handed on as it arrives, so a frame or a message of any length costs no memory here. What is kept between
/// two reads is an unfinished frame header or control frame: at most 138 bytes.
package struct WebSocketReader {
    /// What the client said.
    package enum Event: Sendable, Equatable {
        /// A piece of a message; the last one of a message may be empty.
        case data(ByteBuffer, isText: Bool, endsMessage: Bool)
        case ping(ByteBuffer)
        case pong
        /// A close frame, with the code it gave.
        case close(WebSocketErrorCode?)
        /// The client broke the protocol; nothing is read after this.
        case violation(WebSocketErrorCode)
    }

    private struct Header {
        var opcode: WebSocketOpcode
        var isFinal: Bool
        var remaining: Int
        var mask: WebSocketMask
    }

    private struct Message {
        var isText: Bool
        var text = UTF8Validator()
    }

    private enum State {
        case header
        case payload(Header)
        case ended
    }

    private var state = State.header
    private var message: Message?
    private var unread: ByteBuffer?

    package init() {}

    /// Takes bytes of the client; ``next()`` is then called until it returns `nil`.
    package mutating func receive(_ bytes: ByteBuffer) {
        if case .ended = state { return }
        if unread == nil {
            unread = bytes
        } else {
            unread?.writeImmutableBuffer(bytes)
        }
    }

    /// The next event, or `nil` until more bytes have come.
    package mutating func next() -> Event? {
        while true {
            switch state {
            case .ended:
                return nil
            case .header:
                switch readHeader() {
                case .success(let header?): state = .payload(header)
                case .success(nil): return nil
                case .failure(let violation): return end(with: .violation(violation.code))
                }
            case .payload(let header) where header.opcode.isControlOpcode:
                guard let payload = readControlPayload(header) else { return nil }
                state = .header
                return control(header.opcode, payload)
            case .payload(let header):
                guard let event = readData(header) else { return nil }
                return event
            }
        }
    }

    private mutating func end(with event: Event) -> Event {
        state = .ended
        unread = nil
        message = nil
        return event
    }
}

extension WebSocketReader {
    private struct Violation: Error {
        var code = WebSocketErrorCode.protocolError
    }

    /// Reads a frame header, or nothing while it is not complete.
    private mutating func readHeader() -> Result<Header?, Violation> {
        guard var bytes = unread, let start = bytes.readInteger(as: UInt16.self) else {
            if unread?.readableBytes == 0 { unread = nil }
            return .success(nil)
        }
        let isFinal = start & 0x8000 != 0
        let opcode = WebSocketOpcode(encodedWebSocketOpcode: UInt8(start >> 8 & 0x0F))
        guard let opcode, start & 0x7000 == 0, start & 0x80 != 0 else { return .failure(Violation()) }

        var length = UInt64(start & 0x7F)
        switch opcode {
        case .ping, .pong, .connectionClose:
            guard isFinal, length <= 125 else { return .failure(Violation()) }
        case .continuation:
            guard message != nil else { return .failure(Violation()) }
        case .text, .binary:
            guard message == nil else { return .failure(Violation()) }
        default:
            return .failure(Violation())
        }
        if length == 126 {
            guard let word = bytes.readInteger(as: UInt16.self) else { return .success(nil) }
            length = UInt64(word)
        } else if length == 127 {
            guard let word = bytes.readInteger(as: UInt64.self) else { return .success(nil) }
            length = word
        }
        guard let remaining = Int(exactly: length) else { return .failure(Violation()) }
        guard let mask = bytes.readInteger(endianness: .host, as: UInt32.self) else { return .success(nil) }
        unread = bytes
        if opcode == .text || opcode == .binary { message = Message(isText: opcode == .text) }
        return .success(
            Header(opcode: opcode, isFinal: isFinal, remaining: remaining, mask: WebSocketMask(key: mask)))
    }

    private mutating func readData(_ header: Header) -> Event? {
        let length = min(header.remaining, unread?.readableBytes ?? 0)
        guard length > 0 || header.remaining == 0 else { return nil }
        var header = header
        header.remaining -= length
        let payload = readUnmasked(length, with: &header.mask)
        let endsFrame = header.remaining == 0
        let endsMessage = endsFrame && header.isFinal
        guard var message else { return end(with: .violation(.protocolError)) }

        if message.isText {
            let isValid = payload.withUnsafeReadableBytes { message.text.append($0) }
            guard isValid, !endsMessage || message.text.isComplete else {
                return end(with: .violation(.dataInconsistentWithMessage))
            }
        }
        self.message = endsMessage ? nil : message
        state = endsFrame ? .header : .payload(header)
        return .data(payload, isText: message.isText, endsMessage: endsMessage)
    }

    private mutating func readControlPayload(_ header: Header) -> ByteBuffer? {
        guard unread?.readableBytes ?? 0 >= header.remaining else { return nil }
        var mask = header.mask
        return readUnmasked(header.remaining, with: &mask)
    }

    private mutating func readUnmasked(_ length: Int, with mask: inout WebSocketMask) -> ByteBuffer {
        guard length > 0, var bytes = unread.take() else { return ByteBuffer() }
        bytes.withUnsafeMutableReadableBytes { mask.apply(to: UnsafeMutableRawBufferPointer(rebasing: $0[..<length])) }
        let payload = bytes.readSlice(length: length) ?? ByteBuffer()
        unread = bytes.readableBytes > 0 ? bytes : nil
        return payload
    }

    private mutating func control(_ opcode: WebSocketOpcode, _ payload: ByteBuffer) -> Event {
        switch opcode {
        case .ping: return .ping(payload)
        case .pong: return .pong
        default: return end(with: close(payload))
        }
    }

    /// RFC 6455, sections 5.5.1 and 7.4.
    private func close(_ payload: ByteBuffer) -> Event {
        var payload = payload
        guard payload.readableBytes > 0 else { return .close(nil) }
        guard let code = payload.readInteger(as: UInt16.self), Self.mayBeSent(code) else {
            return .violation(.protocolError)
        }
        var reason = UTF8Validator()
        guard payload.withUnsafeReadableBytes({ reason.append($0) }), reason.isComplete else {
            return .violation(.dataInconsistentWithMessage)
        }
        return .close(WebSocketErrorCode(codeNumber: Int(code)))
    }

    private static func mayBeSent(_ code: UInt16) -> Bool {
        switch code {
        case 1000...1003, 1007...1014, 3000...4999: true
        default: false
        }
    }
}
