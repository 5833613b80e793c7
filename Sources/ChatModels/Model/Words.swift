import NIOCore

/// The words of a text, each with the white space before it, so that together they are exactly the text.
struct Words: Sequence, IteratorProtocol {
    private var rest: ByteBuffer

    init(_ text: String) {
        rest = ByteBuffer(string: text)
    }

    mutating func next() -> ByteBuffer? {
        let length = rest.withUnsafeReadableBytes { bytes in
            let word = bytes.firstIndex { !Self.isSpace($0) } ?? bytes.endIndex
            return bytes[word...].firstIndex(where: Self.isSpace) ?? bytes.endIndex
        }
        return length == 0 ? nil : rest.readSlice(length: length)
    }

    /// ASCII only: no byte of a longer UTF-8 sequence is taken for one of these, so words end on scalar boundaries.
    private static func isSpace(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: " ") || (UInt8(ascii: "\t")...UInt8(ascii: "\r")).contains(byte)
    }
}
