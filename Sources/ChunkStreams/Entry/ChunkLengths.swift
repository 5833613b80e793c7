import NIOCore

/// The length in bytes of each of some chunks: 32 bits each, in the form in which entries carry them, so that reading and
/// writing an entry allocates nothing for them.
struct ChunkLengths: Sendable, Equatable, Sequence {
    private(set) var bytes: ByteBuffer

    init(_ lengths: some Sequence<Int> = []) {
        bytes = ByteBuffer()
        for length in lengths { append(length) }
    }

    /// - Parameter bytes: Four for each length.
    init(bytes: ByteBuffer) { self.bytes = bytes }

    var count: Int { bytes.readableBytes / 4 }

    mutating func append(_ length: Int) { bytes.writeInteger(UInt32(truncatingIfNeeded: length)) }

    func makeIterator() -> Iterator { Iterator(bytes: bytes) }

    struct Iterator: IteratorProtocol {
        fileprivate var bytes: ByteBuffer

        mutating func next() -> Int? { bytes.readInteger(as: UInt32.self).map(Int.init) }
    }
}
