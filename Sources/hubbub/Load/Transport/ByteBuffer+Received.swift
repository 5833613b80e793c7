import NIOCore

extension ByteBuffer {
    /// Adds what was received to what is not read yet. Mostly there is nothing unread, and nothing is copied.
    mutating func appendReceived(_ bytes: ByteBuffer) {
        if readableBytes == 0 {
            self = bytes
        } else {
            writeImmutableBuffer(bytes)
        }
    }
}
