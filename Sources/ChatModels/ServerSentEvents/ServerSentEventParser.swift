import NIOCore

/// Takes the data of server-sent events out of bytes that arrive in pieces of any size.
///
/// Follows the WHATWG HTML standard, section 9.2.6 "Interpreting an event stream", for the one field that chat completions
/// use: lines end with LF, CRLF or CR, a line that begins with a colon is a comment, one space after a field's colon is
/// dropped, several data lines of an event are joined with LF. Unlike a browser it also gives an event out that the end
/// of the body cut after a complete line, because some servers leave out the last blank line.
struct ServerSentEventParser {
    struct EventTooLarge: Error, Hashable {}

    private let maximumEventSize: Int
    /// Bytes of which no line has been taken yet.
    private var unread = ByteBuffer()
    /// How many of the unread bytes are known to hold no line end.
    private var scanned = 0
    /// The data lines of the event so far, each ended by LF.
    private var data: [UInt8] = []
    private var isFirstLine = true
    private var lastLineEndedWithCR = false

    /// - Parameter maximumEventSize: Bytes that one event, or one line, may have.
    init(maximumEventSize: Int = 1024 * 1024) {
        self.maximumEventSize = maximumEventSize
    }

    mutating func append(_ bytes: ByteBuffer) {
        if unread.readableBytes == 0 {
            unread = bytes
        } else {
            unread.discardReadBytes()
            unread.writeImmutableBuffer(bytes)
        }
    }

    /// The data of the next complete event, nil until more bytes are appended.
    mutating func next() throws(EventTooLarge) -> [UInt8]? {
        while let line = try nextLine() {
            if line.readableBytes == 0 {
                if let event = finish() { return event }
            } else {
                read(line)
                guard data.count <= maximumEventSize else { throw EventTooLarge() }
            }
        }
        return nil
    }

    /// The data of the event that the end of the body left open, nil when there is none.
    mutating func finish() -> [UInt8]? {
        guard !data.isEmpty else { return nil }
        data.removeLast()
        defer { data = [] }
        return data
    }

    private mutating func nextLine() throws(EventTooLarge) -> ByteBuffer? {
        if lastLineEndedWithCR, let byte: UInt8 = unread.getInteger(at: unread.readerIndex) {
            // The LF of a CRLF, which may come in a later piece than its CR.
            if byte == UInt8(ascii: "\n") {
                unread.moveReaderIndex(forwardBy: 1)
            }
            lastLineEndedWithCR = false
        }
        let end = unread.withUnsafeReadableBytes { bytes in
            bytes[scanned...].firstIndex { $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r") }
        }
        guard let end, let line = unread.readSlice(length: end), let lineEnd: UInt8 = unread.readInteger() else {
            scanned = unread.readableBytes
            guard scanned <= maximumEventSize else { throw EventTooLarge() }
            return nil
        }
        guard end <= maximumEventSize else { throw EventTooLarge() }
        scanned = 0
        lastLineEndedWithCR = lineEnd == UInt8(ascii: "\r")
        return line
    }

    private mutating func read(_ line: ByteBuffer) {
        var line = line.readableBytesView
        if isFirstLine {
            isFirstLine = false
            let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]
            if line.starts(with: byteOrderMark) {
                line = line.dropFirst(byteOrderMark.count)
            }
        }
        guard line.starts(with: "data".utf8) else { return }
        line = line.dropFirst("data".utf8.count)
        switch line.first {
        case nil: break
        case UInt8(ascii: ":"):
            line = line.dropFirst()
            if line.first == UInt8(ascii: " ") {
                line = line.dropFirst()
            }
        default: return
        }
        data.append(contentsOf: line)
        data.append(UInt8(ascii: "\n"))
    }
}
