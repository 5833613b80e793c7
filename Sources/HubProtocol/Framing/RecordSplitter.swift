package import NIOCore

/// Cuts a stream of bytes, which arrives in pieces of any size, into the records that 0x1E ends.
///
/// Feed a piece, then take records until there is none: then at most one unfinished record is kept. A record that lies
/// in one piece is a slice of it; only the beginning of an unfinished record is ever copied.
package struct RecordSplitter: Sendable {
    private let maximumRecordSize: Int
    private var unread = ByteBuffer()
    /// How many of the unread bytes are known to hold no separator.
    private var searched = 0

    /// - Parameter maximumRecordSize: the longest record in bytes, its separator not counted.
    package init(maximumRecordSize: Int) {
        self.maximumRecordSize = maximumRecordSize
    }

    package mutating func feed(_ bytes: ByteBuffer) {
        guard unread.readableBytes > 0 else {
            unread = bytes
            return
        }
        // A slice is copied when it grows, so this leaves the records before the unfinished one behind.
        if unread.readerIndex > 0 { unread = unread.slice() }
        unread.writeImmutableBuffer(bytes)
    }

    /// The next whole record without its separator; nil if its end has not arrived.
    /// - Throws: `messageTooLarge` as soon as the record is known to be too long, and from then on.
    package mutating func next() throws(HubProtocolError) -> ByteBuffer? {
        let bytes = unread.readableBytesView
        let end = bytes[bytes.startIndex.advanced(by: searched)...].firstIndex(of: JSONHubProtocol.recordSeparator)
        let length = end.map { bytes.startIndex.distance(to: $0) } ?? bytes.count
        guard length <= maximumRecordSize else {
            throw HubProtocolError(.messageTooLarge, "The message is larger than the limit.")
        }
        guard end != nil else {
            searched = length
            return nil
        }
        searched = 0
        let record = unread.readSlice(length: length)
        unread.moveReaderIndex(forwardBy: 1)
        // An idle connection holds no memory of what it once received.
        if unread.readableBytes == 0 { unread = ByteBuffer() }
        return record
    }

    /// The bytes behind the last record taken, which are given up here: those behind a handshake may be of another
    /// protocol than JSON.
    package mutating func takeRest() -> ByteBuffer {
        defer {
            unread = ByteBuffer()
            searched = 0
        }
        return unread
    }
}
