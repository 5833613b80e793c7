import NIOCore

/// Reads a stream of server-sent events (HTML, "Parsing an event stream"): bytes cut anywhere go in, the data of whole
/// events comes out. Lines end with LF or CR LF, as those of SignalR servers do; events have no other fields than data.
struct EventStreamReader {
    private static let maximumLine = 16 * 1024 * 1024

    private var unread = ByteBuffer()
    /// How many of the unread bytes are known to hold no end of a line.
    private var searched = 0
    /// Of the event that is being read.
    private var data: ByteBuffer?

    mutating func receive(_ bytes: ByteBuffer) { unread.appendReceived(bytes) }

    /// The data of the next event, or `nil` until more bytes have come.
    mutating func next() throws(LoadFailure) -> ByteBuffer? {
        while let line = try nextLine() {
            guard line.readableBytes > 0 else {
                if let data = data.take() { return data }
                continue
            }
            guard let value = Self.data(of: line) else { continue }
            guard data != nil else {
                data = value
                continue
            }
            data?.writeInteger(UInt8(ascii: "\n"))
            data?.writeImmutableBuffer(value)
        }
        return nil
    }

    private mutating func nextLine() throws(LoadFailure) -> ByteBuffer? {
        let bytes = unread.readableBytesView
        guard let end = bytes[bytes.startIndex.advanced(by: searched)...].firstIndex(of: UInt8(ascii: "\n")) else {
            searched = bytes.count
            guard searched <= Self.maximumLine else { throw LoadFailure(code: "bad_event") }
            return nil
        }
        searched = 0
        let length = end - bytes.startIndex
        let hasCarriageReturn = length > 0 && bytes[end - 1] == UInt8(ascii: "\r")
        let line = unread.readSlice(length: hasCarriageReturn ? length - 1 : length)
        unread.moveReaderIndex(forwardBy: hasCarriageReturn ? 2 : 1)
        return line
    }

    /// The value of a line `data: VALUE`, where the space may be missing; `nil` for comments and other fields.
    private static func data(of line: ByteBuffer) -> ByteBuffer? {
        var line = line
        guard line.readableBytes >= 5, line.readInteger(as: UInt32.self) == 0x6461_7461,
            line.readInteger() == UInt8(ascii: ":")
        else { return nil }
        if line.getInteger(at: line.readerIndex) == UInt8(ascii: " ") { line.moveReaderIndex(forwardBy: 1) }
        return line
    }
}
