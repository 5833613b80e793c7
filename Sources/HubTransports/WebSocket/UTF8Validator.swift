/// Checks UTF-8 that comes in pieces (RFC 3629, section 4), and fails with the first byte that cannot be right.
struct UTF8Validator {
    /// Continuation bytes that the current character still needs.
    private var needed: UInt8 = 0
    /// The range of the next continuation byte: narrower than 80…BF after E0, ED, F0 and F4, so that there are no
    /// overlong forms, no surrogates and nothing above U+10FFFF.
    private var lower: UInt8 = 0x80
    private var upper: UInt8 = 0xBF

    /// Whether what was appended so far ends with a whole character.
    var isComplete: Bool { needed == 0 }

    /// - Returns: Whether everything so far is, or may become, valid.
    mutating func append(_ bytes: UnsafeRawBufferPointer) -> Bool {
        var index = 0
        while index < bytes.count {
            if needed == 0 {
                index = Self.skipASCII(in: bytes, from: index)
                guard index < bytes.count else { return true }
                guard begin(with: bytes[index]) else { return false }
            } else {
                guard lower...upper ~= bytes[index] else { return false }
                (lower, upper) = (0x80, 0xBF)
                needed -= 1
            }
            index += 1
        }
        return true
    }

    private mutating func begin(with byte: UInt8) -> Bool {
        switch byte {
        case 0xC2...0xDF: needed = 1
        case 0xE0: (needed, lower) = (2, 0xA0)
        case 0xED: (needed, upper) = (2, 0x9F)
        case 0xE1...0xEF: needed = 2
        case 0xF0: (needed, lower) = (3, 0x90)
        case 0xF4: (needed, upper) = (3, 0x8F)
        case 0xF1...0xF3: needed = 3
        default: return false
        }
        return true
    }

    private static func skipASCII(in bytes: UnsafeRawBufferPointer, from start: Int) -> Int {
        var index = start
        while index + 8 <= bytes.count {
            let word = bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self)
            guard word & 0x8080_8080_8080_8080 == 0 else { break }
            index += 8
        }
        while index < bytes.count, bytes[index] < 0x80 { index += 1 }
        return index
    }
}
