import NIOCore

extension ByteBuffer {
    /// The first bytes of a stream, a comment: some browsers tell the page that a stream is open only when data has come.
    static let eventStreamOpening = ByteBuffer(string: ":\r\n")

    /// Appends an event (TransportProtocols.md, "Server-Sent Events"; HTML, "Parsing an event stream"): each line of the
    /// messages behind `data: `. Their lines end with LF, or CR LF, of which the client gets to see LF.
    mutating func writeEvent(_ messages: ByteBuffer) {
        let bytes = messages.readableBytesView
        reserveCapacity(minimumWritableBytes: bytes.count + 16)
        var lineStart = bytes.startIndex
        while let lineEnd = bytes[lineStart...].firstIndex(of: UInt8(ascii: "\n")) {
            let hasCarriageReturn = lineEnd > lineStart && bytes[lineEnd - 1] == UInt8(ascii: "\r")
            writeEventLine(bytes[lineStart..<(hasCarriageReturn ? lineEnd - 1 : lineEnd)])
            lineStart = lineEnd + 1
        }
        writeEventLine(bytes[lineStart...])
        writeStaticString("\r\n")
    }

    private mutating func writeEventLine(_ line: ByteBufferView) {
        writeStaticString("data: ")
        writeBytes(line)
        writeStaticString("\r\n")
    }
}
