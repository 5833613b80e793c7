package import NIOCore

/// Framed messages that lie behind each other, as they go out.
extension HubEncoding {
    /// How many whole messages these bytes are.
    package func messageCount(in bytes: ByteBuffer) -> Int {
        switch self {
        case .json:
            return bytes.withUnsafeReadableBytes { bytes in
                bytes.reduce(0) { $0 + ($1 == JSONHubProtocol.recordSeparator ? 1 : 0) }
            }
        case .messagePack:
            var bytes = bytes
            var count = 0
            while bytes.skipMessagePackMessage() { count += 1 }
            return count
        }
    }

    /// Skips so many whole messages at the beginning; all of them where there are fewer.
    package func skipMessages(_ count: Int, in bytes: inout ByteBuffer) {
        for _ in 0..<count {
            switch self {
            case .json:
                let view = bytes.readableBytesView
                let end = view.firstIndex(of: JSONHubProtocol.recordSeparator) ?? view.endIndex - 1
                bytes.moveReaderIndex(to: end + 1)
            case .messagePack:
                guard bytes.skipMessagePackMessage() else { return }
            }
        }
    }
}

extension ByteBuffer {
    /// - Returns: Whether there was one.
    fileprivate mutating func skipMessagePackMessage() -> Bool {
        var length = 0
        for (index, byte) in readableBytesView.prefix(MessagePackHubProtocol.maximumLengthSize).enumerated() {
            length |= Int(byte & 0x7F) << (7 * index)
            guard byte < 0x80 else { continue }
            guard readableBytes >= index + 1 + length else { return false }
            moveReaderIndex(forwardBy: index + 1 + length)
            return true
        }
        return false
    }
}
