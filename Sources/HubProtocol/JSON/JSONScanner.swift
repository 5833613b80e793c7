/// Walks over JSON text and refuses everything that RFC 8259 does not allow, ill-formed UTF-8 included.
///
/// It finds where values begin and end and decodes none of them. The bytes are passed to each call, the same every time,
/// because a type that stores a span cannot be declared yet.
struct JSONScanner {
    private(set) var position = 0
    private var depth = 0

    mutating func expectEnd(of bytes: Span<UInt8>) throws(HubProtocolError) {
        guard nextToken(in: bytes) == nil else { throw .malformed }
    }

    /// Steps over whitespace and one value.
    /// - Returns: where the value lies.
    @discardableResult
    mutating func skipValue(in bytes: Span<UInt8>) throws(HubProtocolError) -> Range<Int> {
        let token = nextToken(in: bytes)
        let start = position
        switch token {
        case UInt8(ascii: "{"): try skipObject(in: bytes) { _, _ in }
        case UInt8(ascii: "["): try skipArray(in: bytes) { _ in }
        case UInt8(ascii: "\""): try skipString(in: bytes)
        case UInt8(ascii: "-"), .some(UInt8(ascii: "0")...UInt8(ascii: "9")): try skipNumber(in: bytes)
        case UInt8(ascii: "t"): try skip("true", in: bytes)
        case UInt8(ascii: "f"): try skip("false", in: bytes)
        case UInt8(ascii: "n"): try skip("null", in: bytes)
        default: throw .malformed
        }
        return start..<position
    }

    /// - Parameter member: gets where the key (with its quotes) and the value of each member lie.
    mutating func skipObject(
        in bytes: Span<UInt8>, member: (_ key: Range<Int>, _ value: Range<Int>) -> Void
    ) throws(HubProtocolError) {
        try skipContainer(from: "{", to: "}", in: bytes) { scanner throws(HubProtocolError) in
            guard scanner.nextToken(in: bytes) == UInt8(ascii: "\"") else { throw .malformed }
            let key = try scanner.skipValue(in: bytes)
            guard scanner.nextToken(in: bytes) == UInt8(ascii: ":") else { throw .malformed }
            scanner.position += 1
            let value = try scanner.skipValue(in: bytes)
            member(key, value)
        }
    }

    /// - Parameter element: gets where each element lies.
    mutating func skipArray(
        in bytes: Span<UInt8>, element: (Range<Int>) -> Void
    ) throws(HubProtocolError) {
        try skipContainer(from: "[", to: "]", in: bytes) { scanner throws(HubProtocolError) in
            element(try scanner.skipValue(in: bytes))
        }
    }

    private mutating func skipContainer(
        from begin: Unicode.Scalar, to end: Unicode.Scalar, in bytes: Span<UInt8>,
        item: (inout JSONScanner) throws(HubProtocolError) -> Void
    ) throws(HubProtocolError) {
        guard nextToken(in: bytes) == UInt8(ascii: begin) else { throw .malformed }
        guard depth < JSONHubProtocol.maximumDepth else {
            throw HubProtocolError(.nestedTooDeeply, "The JSON text is nested too deeply.")
        }
        depth += 1
        position += 1
        if nextToken(in: bytes) != UInt8(ascii: end) {
            try item(&self)
            while nextToken(in: bytes) == UInt8(ascii: ",") {
                position += 1
                try item(&self)
            }
            guard nextToken(in: bytes) == UInt8(ascii: end) else { throw .malformed }
        }
        position += 1
        depth -= 1
    }
}

// MARK: Bytes

extension JSONScanner {
    func byte(in bytes: Span<UInt8>) -> UInt8? {
        position < bytes.count ? bytes[position] : nil
    }

    /// Steps over whitespace.
    /// - Returns: the byte that follows; nil at the end.
    mutating func nextToken(in bytes: Span<UInt8>) -> UInt8? {
        while let byte = byte(in: bytes) {
            switch byte {
            case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\n"), UInt8(ascii: "\r"): position += 1
            default: return byte
            }
        }
        return nil
    }

    private mutating func skip(_ literal: StaticString, in bytes: Span<UInt8>) throws(HubProtocolError) {
        let end = position + literal.utf8CodeUnitCount
        guard end <= bytes.count else { throw .malformed }
        for offset in 0..<literal.utf8CodeUnitCount
        where bytes[position + offset] != literal.utf8Start[offset] {
            throw .malformed
        }
        position = end
    }
}

// MARK: Numbers

extension JSONScanner {
    private mutating func skipNumber(in bytes: Span<UInt8>) throws(HubProtocolError) {
        if byte(in: bytes) == UInt8(ascii: "-") { position += 1 }
        if byte(in: bytes) == UInt8(ascii: "0") {
            position += 1
        } else {
            try skipDigits(in: bytes)
        }
        if byte(in: bytes) == UInt8(ascii: ".") {
            position += 1
            try skipDigits(in: bytes)
        }
        if byte(in: bytes) == UInt8(ascii: "e") || byte(in: bytes) == UInt8(ascii: "E") {
            position += 1
            if byte(in: bytes) == UInt8(ascii: "+") || byte(in: bytes) == UInt8(ascii: "-") { position += 1 }
            try skipDigits(in: bytes)
        }
    }

    /// Steps over one digit or more.
    private mutating func skipDigits(in bytes: Span<UInt8>) throws(HubProtocolError) {
        let start = position
        while let byte = byte(in: bytes), UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte { position += 1 }
        guard position > start else { throw .malformed }
    }
}

// MARK: Strings

extension JSONScanner {
    private mutating func skipString(in bytes: Span<UInt8>) throws(HubProtocolError) {
        position += 1
        while let byte = byte(in: bytes) {
            switch byte {
            case UInt8(ascii: "\""):
                position += 1
                return
            case UInt8(ascii: "\\"):
                position += 1
                try skipEscape(in: bytes)
            case 0x20..<0x80:
                position += 1
            default:
                guard let length = bytes.lengthOfMultibyteScalar(at: position) else { throw .malformed }
                position += length
            }
        }
        throw .malformed
    }

    private mutating func skipEscape(in bytes: Span<UInt8>) throws(HubProtocolError) {
        switch byte(in: bytes) {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
            UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
            position += 1
        case UInt8(ascii: "u"):
            guard bytes.hexadecimalCodeUnit(at: position + 1) != nil else { throw .malformed }
            position += 5
        default:
            throw .malformed
        }
    }
}

extension HubProtocolError {
    fileprivate static let malformed = HubProtocolError(.malformedJSON, "The message is not valid JSON.")
}
