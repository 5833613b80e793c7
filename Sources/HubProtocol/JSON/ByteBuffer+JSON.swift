import NIOCore

// Every write to a ByteBuffer checks capacity, uniqueness and exclusive access, which is what a short message mostly
// costs. So a value goes out with its comma and its quotes in one write.
extension ByteBuffer {
    /// Writes a JSON string: `"`, `\` and control characters are escaped, all else goes out as it is (ASP.NET's
    /// "relaxed" escaping).
    mutating func writeJSONString(utf8: Span<UInt8>, afterComma: Bool) {
        var run = 0..<utf8.endOfUnescapedRun(from: 0)
        guard run.upperBound < utf8.count else {
            return write(utf8.bytes, between: afterComma ? ",\"" : "\"", and: "\"")
        }
        write(utf8.extracting(run).bytes, between: afterComma ? ",\"" : "\"", and: "")
        while run.upperBound < utf8.count {
            writeEscape(of: utf8[run.upperBound])
            let start = run.upperBound + 1
            run = start..<utf8.endOfUnescapedRun(from: start)
            writeBytes(utf8.extracting(run).bytes)
        }
        writeStaticString("\"")
    }

    /// - Parameter name: must need no escaping.
    mutating func writeJSONKey(_ name: StaticString, afterComma: Bool) {
        write(name.utf8Bytes.bytes, between: afterComma ? ",\"" : "\"", and: "\":")
    }

    /// Writes a number in decimal digits.
    mutating func writeJSONInteger(_ magnitude: UInt64, isNegative: Bool, afterComma: Bool) {
        writeWithUnsafeMutableBytes(minimumWritableBytes: 22) { target in
            var count = 0
            if afterComma {
                target[count] = UInt8(ascii: ",")
                count += 1
            }
            if isNegative {
                target[count] = UInt8(ascii: "-")
                count += 1
            }
            count += magnitude.decimalDigits
            var rest = magnitude
            var position = count
            repeat {
                position -= 1
                target[position] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
                rest /= 10
            } while rest > 0
            return count
        }
    }

    private mutating func write(_ bytes: RawSpan, between prefix: StaticString, and suffix: StaticString) {
        let prefixSize = prefix.utf8CodeUnitCount
        let size = prefixSize + bytes.byteCount + suffix.utf8CodeUnitCount
        writeWithUnsafeMutableBytes(minimumWritableBytes: size) { target in
            UnsafeMutableRawBufferPointer(rebasing: target[..<prefixSize]).copyMemory(from: prefix.utf8Bytes)
            bytes.withUnsafeBytes { bytes in
                UnsafeMutableRawBufferPointer(rebasing: target[prefixSize...]).copyMemory(from: bytes)
            }
            UnsafeMutableRawBufferPointer(rebasing: target[(prefixSize + bytes.byteCount)...])
                .copyMemory(from: suffix.utf8Bytes)
            return size
        }
    }

    private mutating func writeEscape(of byte: UInt8) {
        switch byte {
        case UInt8(ascii: "\""): writeStaticString("\\\"")
        case UInt8(ascii: "\\"): writeStaticString("\\\\")
        case UInt8(ascii: "\n"): writeStaticString("\\n")
        case UInt8(ascii: "\r"): writeStaticString("\\r")
        case UInt8(ascii: "\t"): writeStaticString("\\t")
        case 0x08: writeStaticString("\\b")
        case 0x0C: writeStaticString("\\f")
        default:
            writeStaticString(byte < 0x10 ? "\\u000" : "\\u001")
            let digit = byte & 0xF
            writeInteger(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "A") + digit - 10)
        }
    }
}

extension Span<UInt8> {
    /// The position of the first byte from `start` on that a JSON string must escape, or the end.
    fileprivate func endOfUnescapedRun(from start: Int) -> Int {
        var position = start
        while position + 8 <= count, !bytes.unsafeLoadUnaligned(fromByteOffset: position, as: UInt64.self).needsEscape {
            position += 8
        }
        while position < count, !self[position].needsEscape { position += 1 }
        return position
    }
}

extension UInt8 {
    fileprivate var needsEscape: Bool {
        self < 0x20 || self == UInt8(ascii: "\"") || self == UInt8(ascii: "\\")
    }
}

extension UInt64 {
    /// Whether any of its eight bytes does.
    ///
    /// Subtracting n ≤ 128 from a byte borrows into its clear top bit only if the byte is below n, or if a lower byte
    /// borrowed, which then is one that needs an escape itself.
    fileprivate var needsEscape: Bool {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let quotes = self ^ (ones * 0x22)
        let backslashes = self ^ (ones * 0x5C)
        let belowSpace = (self &- ones * 0x20) & ~self
        let isQuote = (quotes &- ones) & ~quotes
        let isBackslash = (backslashes &- ones) & ~backslashes
        return (belowSpace | isQuote | isBackslash) & (ones * 0x80) != 0
    }

    fileprivate var decimalDigits: Int {
        var digits = 1
        var rest = self
        while rest >= 10 {
            digits += 1
            rest /= 10
        }
        return digits
    }
}

extension StaticString {
    fileprivate var utf8Bytes: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: utf8Start, count: utf8CodeUnitCount)
    }
}
