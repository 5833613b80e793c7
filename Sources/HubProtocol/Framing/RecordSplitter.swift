package import NIOCore

/// Cuts a stream of bytes, which arrives in pieces of any size, into records: in JSON 0x1E ends each of them, in MessagePack
/// each is behind its length.
///
/// Feed a piece, then take records until there is none: then at most one unfinished record is kept. A record that lies
/// in one piece is a slice of it; only the beginning of an unfinished record is ever copied.
package struct RecordSplitter: Sendable {
    /// How the bytes behind the last record taken are cut; a handshake is cut as JSON, and changes it.
    package var encoding: HubEncoding
    private let maximumRecordSize: Int
    private var unread = ByteBuffer()
    /// How many of the unread bytes are known to hold no separator.
    private var searched = 0

    /// - Parameter maximumRecordSize: the longest record in bytes, its separator or its length not counted.
    package init(maximumRecordSize: Int, encoding: HubEncoding = .json) {
        self.maximumRecordSize = maximumRecordSize
        self.encoding = encoding
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

    /// Forgets what was fed and not taken.
    package mutating func reset() {
        unread = ByteBuffer()
        searched = 0
    }

    /// The next whole record without its separator or its length; nil if its end has not arrived.
    /// - Throws: `messageTooLarge` as soon as the record is known to be too long, and from then on; `malformedLength`.
    package mutating func next() throws(HubProtocolError) -> ByteBuffer? {
        let record =
            switch encoding {
            case .json: try nextSeparated()
            case .messagePack: try nextBehindLength()
            }
        // An idle connection holds no memory of what it once received.
        if unread.readableBytes == 0 { unread = ByteBuffer() }
        return record
    }

    private mutating func nextSeparated() throws(HubProtocolError) -> ByteBuffer? {
        let bytes = unread.readableBytesView
        let end = bytes[bytes.startIndex.advanced(by: searched)...].firstIndex(of: JSONHubProtocol.recordSeparator)
        let length = end.map { bytes.startIndex.distance(to: $0) } ?? bytes.count
        try check(length)
        guard end != nil else {
            searched = length
            return nil
        }
        searched = 0
        let record = unread.readSlice(length: length)
        unread.moveReaderIndex(forwardBy: 1)
        return record
    }

    private mutating func nextBehindLength() throws(HubProtocolError) -> ByteBuffer? {
        guard let (length, size) = try messageLength() else { return nil }
        try check(length)
        guard unread.readableBytes >= size + length else { return nil }
        unread.moveReaderIndex(forwardBy: size)
        return unread.readSlice(length: length)
    }

    /// A variable-length integer, and how many bytes it takes; nil until they are there.
    private func messageLength() throws(HubProtocolError) -> (length: Int, size: Int)? {
        var length = 0
        for (index, byte) in unread.readableBytesView.prefix(MessagePackHubProtocol.maximumLengthSize).enumerated() {
            length |= Int(byte & 0x7F) << (7 * index)
            if byte < 0x80 { return (length, index + 1) }
        }
        guard unread.readableBytes < MessagePackHubProtocol.maximumLengthSize else {
            throw HubProtocolError(.malformedLength, "The length of the message has no end.")
        }
        return nil
    }

    private func check(_ length: Int) throws(HubProtocolError) {
        guard length <= maximumRecordSize else {
            throw HubProtocolError(.messageTooLarge, "The message is larger than the limit.")
        }
    }
}
