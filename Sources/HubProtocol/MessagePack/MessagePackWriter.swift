package import NIOCore

/// Appends MessagePack to a byte buffer, everything in its shortest form; allocates nothing but the buffer's own growth.
///
/// It trusts its caller for the structure: that as many values follow an array's or a map's beginning as it says.
package struct MessagePackWriter: ~Copyable {
    private var buffer: ByteBuffer

    private init(_ buffer: ByteBuffer) {
        self.buffer = buffer
    }

    /// Runs `body` with a writer at the end of `buffer`; when it throws, the buffer is as before.
    package static func append<Failure: Error>(
        to buffer: inout ByteBuffer, _ body: (inout MessagePackWriter) throws(Failure) -> Void
    ) throws(Failure) {
        let start = buffer.writerIndex
        var writer = MessagePackWriter(buffer)
        // The writer must hold the only reference, or its first write would copy the storage.
        buffer = ByteBuffer()
        do {
            try body(&writer)
        } catch {
            buffer = writer.buffer
            buffer.moveWriterIndex(to: start)
            throw error
        }
        buffer = writer.buffer
    }
}

// MARK: Structure

extension MessagePackWriter {
    package mutating func beginArray(_ count: Int) {
        buffer.writeMessagePackSize(count, fixed: 0x90, upTo: 15, medium: 0xDC)
    }

    /// - Parameter count: how many keys follow, each with its value.
    package mutating func beginMap(_ count: Int) {
        buffer.writeMessagePackSize(count, fixed: 0x80, upTo: 15, medium: 0xDE)
    }

    /// - Parameter value: complete MessagePack values, one or several.
    package mutating func raw(_ value: ByteBuffer) {
        buffer.writeImmutableBuffer(value)
    }
}

// MARK: Values

extension MessagePackWriter {
    package mutating func null() { buffer.writeInteger(0xC0 as UInt8) }

    package mutating func bool(_ value: Bool) { buffer.writeInteger((value ? 0xC3 : 0xC2) as UInt8) }

    package mutating func string(_ value: String) {
        var value = value
        value.withUTF8 { string(utf8: $0.span) }
    }

    /// - Parameter utf8: valid UTF-8, which is not checked again.
    package mutating func string(utf8: ByteBuffer) { string(utf8: utf8.readableBytesUInt8Span) }

    private mutating func string(utf8: Span<UInt8>) {
        buffer.writeMessagePackSize(utf8.count, fixed: 0xA0, upTo: 31, small: 0xD9, medium: 0xDA)
        buffer.writeBytes(utf8.bytes)
    }

    package mutating func binary(_ bytes: ByteBuffer) {
        buffer.writeMessagePackSize(bytes.readableBytes, small: 0xC4, medium: 0xC5)
        buffer.writeImmutableBuffer(bytes)
    }

    package mutating func integer(_ value: Int64) {
        switch value {
        case 0...: integer(UInt64(value))
        case (-32)...: buffer.writeInteger(Int8(value))
        case Int64(Int8.min)...: buffer.write(0xD0, Int8(value))
        case Int64(Int16.min)...: buffer.write(0xD1, Int16(value))
        case Int64(Int32.min)...: buffer.write(0xD2, Int32(value))
        default: buffer.write(0xD3, value)
        }
    }

    package mutating func integer(_ value: UInt64) {
        switch value {
        case ...0x7F: buffer.writeInteger(UInt8(value))
        case ...0xFF: buffer.write(0xCC, UInt8(value))
        case ...0xFFFF: buffer.write(0xCD, UInt16(value))
        case ...0xFFFF_FFFF: buffer.write(0xCE, UInt32(value))
        default: buffer.write(0xCF, value)
        }
    }

    package mutating func number(_ value: Double) { buffer.write(0xCB, value.bitPattern) }

    package mutating func number(_ value: Float) { buffer.write(0xCA, value.bitPattern) }

    /// Writes a time as the shortest form of the timestamp extension that holds it.
    /// - Parameters:
    ///   - seconds: since 1970.
    ///   - nanoseconds: to be added to them, less than a second.
    package mutating func timestamp(seconds: Int64, nanoseconds: UInt32) {
        if seconds >> 34 == 0 {
            let value = UInt64(nanoseconds) << 34 | UInt64(seconds)
            if let short = UInt32(exactly: value) {
                buffer.writeMultipleIntegers(0xD6 as UInt8, MessagePackValue.timestampType, short)
            } else {
                buffer.writeMultipleIntegers(0xD7 as UInt8, MessagePackValue.timestampType, value)
            }
        } else {
            buffer.writeMultipleIntegers(
                0xC7 as UInt8, 12 as UInt8, MessagePackValue.timestampType, nanoseconds, seconds)
        }
    }
}

extension ByteBuffer {
    fileprivate mutating func write(_ format: UInt8, _ value: some FixedWidthInteger) {
        writeMultipleIntegers(format, value)
    }

    /// Writes the beginning of what has a size: within the format's byte itself up to a limit, else behind it in one byte,
    /// where there is such a format, in two or in four, whose format follows that of two.
    fileprivate mutating func writeMessagePackSize(
        _ size: Int, fixed: UInt8 = 0, upTo limit: Int = -1, small: UInt8? = nil, medium: UInt8
    ) {
        if size <= limit {
            writeInteger(fixed | UInt8(size))
        } else if let small, let size = UInt8(exactly: size) {
            write(small, size)
        } else if let size = UInt16(exactly: size) {
            write(medium, size)
        } else {
            write(medium + 1, UInt32(clamping: size))
        }
    }
}
