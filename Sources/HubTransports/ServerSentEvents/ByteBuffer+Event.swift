import NIOCore

extension ByteBuffer {
    /// The first bytes of a stream, a comment: some browsers tell the page that a stream is open only when data has come.
    static let eventStreamOpening = ByteBuffer(string: ":\r\n")

    /// Appends an event (TransportProtocols.md, "Server-Sent Events"; HTML, "Parsing an event stream"): each line of the
    /// messages behind `data: `. Their lines end with LF, CR LF or CR, of which the client gets to see LF: unlike
    /// ASP.NET, which leaves a CR alone, for what follows one would be read as another line of the stream.
    mutating func writeEvent(_ messages: ByteBuffer) {
        reserveCapacity(minimumWritableBytes: messages.readableBytes + 16)
        messages.withUnsafeReadableBytes { bytes in
            var rest = bytes[...]
            while let lineEnd = rest.firstIndex(where: { $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r") }) {
                writeEventLine(rest[..<lineEnd])
                let isPair = rest[lineEnd...].starts(with: "\r\n".utf8)
                rest = rest[(lineEnd + (isPair ? 2 : 1))...]
            }
            writeEventLine(rest)
        }
        writeStaticString("\r\n")
    }

    private mutating func writeEventLine(_ line: Slice<UnsafeRawBufferPointer>) {
        writeStaticString("data: ")
        writeBytes(UnsafeRawBufferPointer(rebasing: line))
        writeStaticString("\r\n")
    }
}
