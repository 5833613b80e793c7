import CHiredis
import NIOCore

/// hiredis' reply parser, used without its sockets: bytes in, replies out.
final class HiredisReader {
    struct ProtocolError: Error, CustomStringConvertible {
        let description: String
    }

    /// The reader moves its rest to the front after every KiB it consumed, so it is given little at a time.
    private static let pieceSize = 8 << 10
    /// The buffer that is kept between replies.
    private static let keptBufferSize = 128 << 10

    private let reader: UnsafeMutablePointer<redisReader>

    init() {
        reader = redisReaderCreate()
        reader.pointee.maxbuf = Self.keptBufferSize
    }

    deinit { redisReaderFree(reader) }

    /// Parses bytes and calls `onReply` with each reply that is complete.
    ///
    /// After an error the reader cannot be used any more.
    func read(_ buffer: ByteBuffer, onReply: (RESPReply) throws -> Void) throws {
        try buffer.withUnsafeReadableBytes { bytes in
            var rest = bytes[...]
            while !rest.isEmpty {
                let piece = UnsafeRawBufferPointer(rebasing: rest.prefix(Self.pieceSize))
                rest = rest.dropFirst(Self.pieceSize)
                try check(redisReaderFeed(reader, piece.baseAddress, piece.count))
                while let reply = try next() {
                    defer { freeReplyObject(reply) }
                    try onReply(RESPReply(reply))
                }
            }
        }
    }

    private func next() throws -> UnsafeMutablePointer<redisReply>? {
        var reply: UnsafeMutableRawPointer?
        try check(redisReaderGetReply(reader, &reply))
        return reply?.assumingMemoryBound(to: redisReply.self)
    }

    private func check(_ status: Int32) throws {
        guard status == REDIS_OK else {
            let text = withUnsafeBytes(of: reader.pointee.errstr) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            throw ProtocolError(description: text)
        }
    }
}

@available(*, unavailable)
extension HiredisReader: Sendable {}
