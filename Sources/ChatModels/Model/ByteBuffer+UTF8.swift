import NIOCore

extension ByteBuffer {
    /// The first bytes, fewer where that would cut a Unicode scalar of UTF-8.
    func prefix(_ count: Int) -> ByteBuffer {
        guard count < readableBytes else { return self }
        var end = max(count, 0)
        while end > 0, let byte: UInt8 = getInteger(at: readerIndex + end), byte & 0xC0 == 0x80 { end -= 1 }
        return getSlice(at: readerIndex, length: end) ?? ByteBuffer()
    }
}
