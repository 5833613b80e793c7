import HubBackplane
import NIOCore

/// What the followers of logs are told in one turn of the event loop: one message for each of them.
///
/// With many replies under way most of what Redis and the following node spend on a chunk would be the message around it.
/// On the wire a message is `(length:u32  tag:u64  payload)…`, big-endian; the length counts the tag and the payload.
struct FeedMessages: Sendable {
    /// A message that has grown so long leaves before the turn is over.
    static let sizeLimit = 64 << 10

    private var messages: [ChannelName: ByteBuffer] = [:]

    /// Adds an entry's payload to the message of a follower.
    ///
    /// - Returns: The message, where it is long enough.
    mutating func add(_ payload: ByteBuffer, for follower: LogFollower) -> ByteBuffer? {
        let size = messages[follower.channel, default: ByteBuffer()].writeFed(payload, tag: follower.tag)
        return size < Self.sizeLimit ? nil : messages.removeValue(forKey: follower.channel)
    }

    /// All messages, which are to be sent now.
    mutating func takeAll() -> [ChannelName: ByteBuffer] {
        defer { messages = [:] }
        return messages
    }

    /// Makes a receiver of single payloads, each behind its tag, a receiver of such messages.
    static func splitting(
        _ receive: @escaping @Sendable (SubscriptionEvent) -> Void
    ) -> @Sendable (SubscriptionEvent) -> Void {
        { event in
            guard case .message(var message) = event else { return receive(event) }
            while let fed = message.readLengthPrefixedSlice(as: UInt32.self) { receive(.message(fed)) }
        }
    }
}

extension ByteBuffer {
    /// - Returns: How many bytes the message has by now.
    fileprivate mutating func writeFed(_ payload: ByteBuffer, tag: UInt64) -> Int {
        writeMultipleIntegers(UInt32(8 + payload.readableBytes), tag)
        writeImmutableBuffer(payload)
        return readableBytes
    }
}
