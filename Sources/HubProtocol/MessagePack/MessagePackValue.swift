package import NIOCore

/// The raw bytes of one valid MessagePack value, to be decoded as whatever it is needed for.
package struct MessagePackValue: Sendable, Equatable {
    package let bytes: ByteBuffer

    /// - Parameter bytes: one valid MessagePack value and nothing around it, such as an argument of a parsed message.
    package init(trusting bytes: ByteBuffer) {
        self.bytes = bytes
    }

    /// One byte as an integer.
    package init(byte: UInt8) {
        var bytes = ByteBuffer()
        MessagePackWriter.append(to: &bytes) { $0.integer(UInt64(byte)) }
        self.bytes = bytes
    }

    /// Takes any bytes and checks that they are one MessagePack value.
    package init(validating bytes: ByteBuffer) throws(HubProtocolError) {
        var scanner = MessagePackScanner()
        let span = bytes.readableBytesUInt8Span
        try scanner.skipValue(in: span)
        try scanner.expectEnd(of: span)
        self.bytes = bytes
    }
}

// MARK: Scalars

extension MessagePackValue {
    package var isNull: Bool { header == .null }

    package func bool() -> Bool? {
        guard case .bool(let value) = header else { return nil }
        return value
    }

    /// Any form of an integer that is in range.
    package func integer<Integer: FixedWidthInteger>(as type: Integer.Type = Integer.self) -> Integer? {
        switch header {
        case .integer(let value): Integer(exactly: value)
        case .unsigned(let value): Integer(exactly: value)
        default: nil
        }
    }

    /// Any form of a number; a large integer is rounded.
    package func number() -> Double? {
        switch header {
        case .float(let value): Double(value)
        case .double(let value): value
        case .integer(let value): Double(value)
        case .unsigned(let value): Double(value)
        default: nil
        }
    }

    /// What is not UTF-8 in a string is replaced by U+FFFD, as .NET does.
    package func string() -> String? {
        guard case (.string, let content)? = headerAndContent else { return nil }
        return String(buffer: content)
    }

    package func binary() -> ByteBuffer? {
        guard case (.binary, let content)? = headerAndContent else { return nil }
        return content
    }

    /// A time in any of the three forms of the timestamp extension (MessagePack specification, "Timestamp extension type").
    /// - Returns: seconds since 1970 and the nanoseconds to add to them.
    package func timestamp() -> (seconds: Int64, nanoseconds: UInt32)? {
        guard case (.extended(type: Self.timestampType, _), var content)? = headerAndContent else { return nil }
        let seconds: Int64
        let nanoseconds: UInt32
        switch content.readableBytes {
        case 4:
            guard let value = content.readInteger(as: UInt32.self) else { return nil }
            (seconds, nanoseconds) = (Int64(value), 0)
        case 8:
            guard let value = content.readInteger(as: UInt64.self) else { return nil }
            (seconds, nanoseconds) = (Int64(value & 0x3_FFFF_FFFF), UInt32(value >> 34))
        case 12:
            guard let nanos = content.readInteger(as: UInt32.self), let value = content.readInteger(as: Int64.self)
            else { return nil }
            (seconds, nanoseconds) = (value, nanos)
        default:
            return nil
        }
        return nanoseconds < 1_000_000_000 ? (seconds, nanoseconds) : nil
    }

    static let timestampType: Int8 = -1
}

// MARK: Containers

extension MessagePackValue {
    /// The elements of an array.
    package func elements() -> [MessagePackValue]? {
        guard case (.array(let count), let content)? = headerAndContent else { return nil }
        return content.messagePackValues(count)
    }

    /// The members of a map in their order.
    package func members() -> [(key: MessagePackValue, value: MessagePackValue)]? {
        guard case (.map(let count), let content)? = headerAndContent,
            let values = content.messagePackValues(2 * count)
        else { return nil }
        return stride(from: 0, to: values.count, by: 2).map { (values[$0], values[$0 + 1]) }
    }

    private var header: MessagePackHeader? {
        var position = 0
        return bytes.readableBytesUInt8Span.messagePackHeader(at: &position)
    }

    private var headerAndContent: (MessagePackHeader, ByteBuffer)? {
        var position = 0
        guard let header = bytes.readableBytesUInt8Span.messagePackHeader(at: &position),
            let content = bytes.getSlice(at: bytes.readerIndex + position, length: bytes.readableBytes - position)
        else { return nil }
        return (header, content)
    }
}

extension ByteBuffer {
    /// So many values, one behind the other.
    fileprivate func messagePackValues(_ count: Int) -> [MessagePackValue]? {
        var values: [MessagePackValue] = []
        var scanner = MessagePackScanner()
        for _ in 0..<count {
            guard let range = try? scanner.skipValue(in: readableBytesUInt8Span),
                let value = getSlice(at: readerIndex + range.lowerBound, length: range.count)
            else { return nil }
            values.append(MessagePackValue(trusting: value))
        }
        return values
    }
}
