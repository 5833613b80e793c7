/// A frame's masking key and the place in it (RFC 6455, section 5.3).
struct WebSocketMask {
    /// The key as its four bytes lie in memory, rotated so that its first byte is the next to be used.
    private var key: UInt32

    /// - Parameter key: The four bytes as they came, in the host's order.
    init(key: UInt32) {
        self.key = key
    }

    /// Masks or unmasks the next bytes of the payload.
    mutating func apply(to bytes: UnsafeMutableRawBufferPointer) {
        guard key != 0 else { return }
        let wide = UInt64(key) << 32 | UInt64(key)
        let words = bytes.count & ~7
        for offset in stride(from: 0, to: words, by: 8) {
            let word = bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
            bytes.storeBytes(of: word ^ wide, toByteOffset: offset, as: UInt64.self)
        }
        withUnsafeBytes(of: key) { key in
            for offset in words..<bytes.count { bytes[offset] ^= key[offset & 3] }
        }
        advance(by: bytes.count & 3)
    }

    private mutating func advance(by count: Int) {
        guard count > 0 else { return }
        let bits = UInt32(8 * count)
        let bigEndian = key.bigEndian
        key = UInt32(bigEndian: bigEndian << bits | bigEndian >> (32 - bits))
    }
}
