/// Base64 with the URL alphabet and without padding (RFC 4648, section 5): safe in a query without escaping, which is
/// how clients put a connection token there.
enum Base64URL {
    private static let alphabet = [UInt8]("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)

    private static let values: [UInt8] = {
        var values = [UInt8](repeating: 0xFF, count: 256)
        for (value, character) in alphabet.enumerated() { values[Int(character)] = UInt8(value) }
        return values
    }()

    static func encode(_ bytes: [UInt8]) -> String {
        String(unsafeUninitializedCapacity: (bytes.count * 4 + 2) / 3) { output in
            var count = 0
            var bits: UInt32 = 0
            var available = 0
            for byte in bytes {
                bits = bits << 8 | UInt32(byte)
                available += 8
                while available >= 6 {
                    available -= 6
                    output[count] = alphabet[Int(bits >> UInt32(available) & 63)]
                    count += 1
                }
            }
            if available > 0 {
                output[count] = alphabet[Int(bits << UInt32(6 - available) & 63)]
                count += 1
            }
            return count
        }
    }

    /// - Returns: `nil` for anything that ``encode(_:)`` does not write.
    static func decode(_ string: String) -> [UInt8]? {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(string.utf8.count * 3 / 4)
        var bits: UInt32 = 0
        var available = 0
        for character in string.utf8 {
            let value = values[Int(character)]
            guard value != 0xFF else { return nil }
            bits = bits << 6 | UInt32(value)
            available += 6
            if available >= 8 {
                available -= 8
                bytes.append(UInt8(truncatingIfNeeded: bits >> UInt32(available)))
            }
        }
        guard available < 6, bits & (1 << UInt32(available) - 1) == 0 else { return nil }
        return bytes
    }
}
