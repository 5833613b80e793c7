extension Span<UInt8> {
    /// The length of the well-formed UTF-8 sequence of two to four bytes at `position`, if there is one.
    ///
    /// The Unicode Standard, table 3-7: the second byte's bounds keep out overlong forms, surrogates and what lies beyond
    /// U+10FFFF.
    func lengthOfMultibyteScalar(at position: Int) -> Int? {
        let length: Int
        var second: ClosedRange<UInt8> = 0x80...0xBF
        switch self[position] {
        case 0xC2...0xDF: length = 2
        case 0xE0: (length, second) = (3, 0xA0...0xBF)
        case 0xED: (length, second) = (3, 0x80...0x9F)
        case 0xE1...0xEF: length = 3
        case 0xF0: (length, second) = (4, 0x90...0xBF)
        case 0xF1...0xF3: length = 4
        case 0xF4: (length, second) = (4, 0x80...0x8F)
        default: return nil
        }
        guard position + length <= count, second.contains(self[position + 1]) else { return nil }
        for offset in 2..<max(length, 2) where !(0x80...0xBF).contains(self[position + offset]) { return nil }
        return length
    }

    /// The value of four hexadecimal digits at `position`, if they are there.
    func hexadecimalCodeUnit(at position: Int) -> UInt16? {
        guard position + 4 <= count else { return nil }
        var unit: UInt16 = 0
        for offset in 0..<4 {
            let digit: UInt8
            switch self[position + offset] {
            case let byte where UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte: digit = byte - UInt8(ascii: "0")
            case let byte where UInt8(ascii: "a")...UInt8(ascii: "f") ~= byte: digit = byte - UInt8(ascii: "a") + 10
            case let byte where UInt8(ascii: "A")...UInt8(ascii: "F") ~= byte: digit = byte - UInt8(ascii: "A") + 10
            default: return nil
            }
            unit = unit << 4 | UInt16(digit)
        }
        return unit
    }

    /// The text of a scanned JSON string, which these bytes are with their quotes.
    ///
    /// Half of a surrogate pair without its other half becomes U+FFFD, since a Swift string cannot hold it.
    func unescapedJSONString() -> String {
        let content = extracting(1..<count - 1)
        var position = content.endOfRun(from: 0)
        guard position < content.count else { return content.text(0..<position) }
        var text = content.text(0..<position)
        while position < content.count {
            text.unicodeScalars.append(content.unescapedScalar(at: &position))
            let run = position
            position = content.endOfRun(from: run)
            text += content.text(run..<position)
        }
        return text
    }

    private func endOfRun(from start: Int) -> Int {
        var position = start
        while position < count, self[position] != UInt8(ascii: "\\") { position += 1 }
        return position
    }

    private func text(_ range: Range<Int>) -> String {
        extracting(range).withUnsafeBufferPointer { String(decoding: $0, as: UTF8.self) }
    }

    /// The scalar of the escape at `position`, which moves behind it.
    private func unescapedScalar(at position: inout Int) -> Unicode.Scalar {
        let escape = self[position + 1]
        position += 2
        switch escape {
        case UInt8(ascii: "b"): return "\u{08}"
        case UInt8(ascii: "f"): return "\u{0C}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"):
            let unit = hexadecimalCodeUnit(at: position) ?? 0
            position += 4
            if let scalar = Unicode.Scalar(unit) { return scalar }
            guard let low = lowSurrogate(at: position), UTF16.isLeadSurrogate(unit) else { return "\u{FFFD}" }
            position += 6
            return UTF16.decode(UTF16.EncodedScalar([unit, low]))
        default: return Unicode.Scalar(escape)
        }
    }

    private func lowSurrogate(at position: Int) -> UInt16? {
        guard position + 6 <= count, self[position] == UInt8(ascii: "\\"), self[position + 1] == UInt8(ascii: "u"),
            let unit = hexadecimalCodeUnit(at: position + 2), UTF16.isTrailSurrogate(unit)
        else { return nil }
        return unit
    }
}
