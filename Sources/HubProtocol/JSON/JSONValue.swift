package import NIOCore

/// The raw bytes of one valid JSON value, to be decoded as whatever it is needed for.
package struct JSONValue: Sendable, Equatable {
    package let bytes: ByteBuffer

    /// - Parameter bytes: one valid JSON value and nothing around it, such as an argument of a parsed message.
    package init(trusting bytes: ByteBuffer) {
        self.bytes = bytes
    }

    /// Takes any bytes and checks that they are one JSON value.
    package init(validating bytes: ByteBuffer) throws(HubProtocolError) {
        var scanner = JSONScanner()
        let span = bytes.readableBytesUInt8Span
        let value = try scanner.skipValue(in: span)
        try scanner.expectEnd(of: span)
        self.bytes = bytes.slice(of: value)
    }

    /// Checks that `text` is one JSON object and hands out its members in their order.
    static func forEachMember(
        ofObject text: ByteBuffer, _ body: (_ key: String, _ value: JSONValue) -> Void
    ) throws(HubProtocolError) {
        var scanner = JSONScanner()
        let span = text.readableBytesUInt8Span
        try scanner.skipObject(in: span) { key, value in
            body(JSONValue(trusting: text.slice(of: key)).unescaped(), JSONValue(trusting: text.slice(of: value)))
        }
        try scanner.expectEnd(of: span)
    }
}

extension JSONValue {
    package var isNull: Bool { first == UInt8(ascii: "n") }

    package func bool() -> Bool? {
        switch first {
        case UInt8(ascii: "t"): true
        case UInt8(ascii: "f"): false
        default: nil
        }
    }

    /// Nil for a number with a fraction or an exponent, even of no effect, and for one out of range.
    package func integer<Integer: FixedWidthInteger>(as type: Integer.Type = Integer.self) -> Integer? {
        Integer(String(buffer: bytes))
    }

    package func number() -> Double? {
        switch first {
        case UInt8(ascii: "-"), .some(UInt8(ascii: "0")...UInt8(ascii: "9")): Double(String(buffer: bytes))
        default: nil
        }
    }

    package func string() -> String? {
        first == UInt8(ascii: "\"") ? unescaped() : nil
    }

    /// The elements of an array.
    package func elements() -> [ByteBuffer]? {
        var elements: [ByteBuffer] = []
        var scanner = JSONScanner()
        do {
            try scanner.skipArray(in: bytes.readableBytesUInt8Span) { elements.append(bytes.slice(of: $0)) }
        } catch {
            return nil
        }
        return elements
    }

    /// The members of an object in their order.
    package func members() -> [(key: String, value: JSONValue)]? {
        var members: [(key: String, value: JSONValue)] = []
        do {
            try Self.forEachMember(ofObject: bytes) { members.append(($0, $1)) }
        } catch {
            return nil
        }
        return members
    }

    private var first: UInt8? {
        bytes.getInteger(at: bytes.readerIndex)
    }

    private func unescaped() -> String {
        bytes.readableBytesUInt8Span.unescapedJSONString()
    }
}

extension ByteBuffer {
    fileprivate func slice(of range: Range<Int>) -> ByteBuffer {
        // The range was found within the readable bytes.
        getSlice(at: readerIndex + range.lowerBound, length: range.count) ?? ByteBuffer()
    }
}
