package import NIOCore

/// Appends JSON to a byte buffer, commas included; allocates nothing but the buffer's own growth.
///
/// It trusts its caller for the structure: that what is begun is ended and that an object's values have keys.
package struct JSONWriter: ~Copyable {
    private var buffer: ByteBuffer
    /// Whether the position is behind a value. That holds over all levels: a beginning and a key clear it, an end sets it.
    private var isBehindValue = false

    private init(_ buffer: ByteBuffer) {
        self.buffer = buffer
    }

    /// Runs `body` with a writer at the end of `buffer`; when it throws, the buffer is as before.
    package static func append<Failure: Error>(
        to buffer: inout ByteBuffer, _ body: (inout JSONWriter) throws(Failure) -> Void
    ) throws(Failure) {
        let start = buffer.writerIndex
        var writer = JSONWriter(buffer)
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

    private mutating func beginValue() {
        if isBehindValue { buffer.writeInteger(UInt8(ascii: ",")) }
        isBehindValue = true
    }
}

// MARK: Structure

extension JSONWriter {
    package mutating func beginObject() {
        beginValue()
        buffer.writeInteger(UInt8(ascii: "{"))
        isBehindValue = false
    }

    package mutating func endObject() {
        buffer.writeInteger(UInt8(ascii: "}"))
        isBehindValue = true
    }

    package mutating func beginArray() {
        beginValue()
        buffer.writeInteger(UInt8(ascii: "["))
        isBehindValue = false
    }

    package mutating func endArray() {
        buffer.writeInteger(UInt8(ascii: "]"))
        isBehindValue = true
    }

    /// - Parameter name: must need no escaping.
    package mutating func key(_ name: StaticString) {
        buffer.writeJSONKey(name, afterComma: isBehindValue)
        isBehindValue = false
    }

    package mutating func key(escaping name: String) {
        string(name)
        buffer.writeInteger(UInt8(ascii: ":"))
        isBehindValue = false
    }

    /// Ends an object that is a whole record, at once with its last array if that is its last value.
    mutating func endRecord(endingArray: Bool = false) {
        buffer.writeStaticString(endingArray ? "]}\u{1E}" : "}\u{1E}")
        isBehindValue = false
    }
}

// MARK: Values

extension JSONWriter {
    package mutating func string(_ value: String) {
        var value = value
        value.withUTF8 { string(utf8: $0.span) }
    }

    /// - Parameter utf8: valid UTF-8, which is not checked again; it leaves in a text frame as it is.
    package mutating func string(utf8: ByteBuffer) {
        string(utf8: utf8.readableBytesUInt8Span)
    }

    /// - Parameter utf8: valid UTF-8, which is not checked again; it leaves in a text frame as it is.
    package mutating func string(utf8: Span<UInt8>) {
        buffer.writeJSONString(utf8: utf8, afterComma: isBehindValue)
        isBehindValue = true
    }

    package mutating func integer(_ value: Int) {
        buffer.writeJSONInteger(UInt64(value.magnitude), isNegative: value < 0, afterComma: isBehindValue)
        isBehindValue = true
    }

    package mutating func integer(_ value: UInt64) {
        buffer.writeJSONInteger(value, isNegative: false, afterComma: isBehindValue)
        isBehindValue = true
    }

    /// Writes null for what JSON has no number for (infinities, not a number), as JavaScript does, and whole numbers
    /// without a fraction.
    package mutating func number<Number: BinaryFloatingPoint & CustomStringConvertible>(_ value: Number) {
        guard value.isFinite else { return null() }
        beginValue()
        let digits = value.description
        buffer.writeSubstring(digits.hasSuffix(".0") ? digits.dropLast(2) : digits[...])
    }

    package mutating func bool(_ value: Bool) {
        beginValue()
        buffer.writeStaticString(value ? "true" : "false")
    }

    package mutating func null() {
        beginValue()
        buffer.writeStaticString("null")
    }

    /// - Parameter value: one complete JSON value.
    package mutating func raw(_ value: ByteBuffer) {
        beginValue()
        buffer.writeImmutableBuffer(value)
    }

    /// Continues a message whose beginning was written before, see ``PreparedInvocation``.
    mutating func fragment(_ bytes: ByteBuffer, endsBehindValue: Bool) {
        buffer.writeImmutableBuffer(bytes)
        isBehindValue = endsBehindValue
    }
}
