import DequeModule
import HubProtocol
import NIOCore

/// The messages that were written for a client and that it has not acknowledged, in their order. A value without I/O.
///
/// No message carries its number: both sides count, from 1 on. What is kept are the bytes that were written, several
/// messages in one buffer where they were written as one.
struct MessageBuffer {
    private struct Entry {
        var bytes: ByteBuffer
        /// How many messages it holds.
        var count: Int64
    }

    private let encoding: HubEncoding
    private let limit: Int
    private var entries: Deque<Entry> = []
    /// The number of the first message that is kept, or of the next one to be written.
    private var firstID: Int64 = 1
    /// The number of the next message to be written.
    private var nextID: Int64 = 1
    private var acknowledgedID: Int64 = 0
    /// The number of the last message that was written before the socket that is there now.
    private var lastIDBefore: Int64 = 0
    /// How many entries, at the end, were not written to that socket.
    private var unsent = 0
    /// The bytes of what was not acknowledged.
    private(set) var size = 0

    /// - Parameter limit: More bytes than this that were not acknowledged make it full.
    init(encoding: HubEncoding, limit: Int) {
        self.encoding = encoding
        self.limit = limit
    }

    /// Whether whoever writes has to wait until the client acknowledges something.
    var isFull: Bool { size > limit }

    /// Whether messages of before are still to be written again.
    var isReplaying: Bool { unsent > 0 }

    /// Keeps whole messages that are being written.
    mutating func append(_ messages: ByteBuffer) {
        let count = Int64(encoding.messageCount(in: messages))
        entries.append(Entry(bytes: messages, count: count))
        size += messages.readableBytes
        nextID += count
    }

    /// The client has received everything up to a message.
    ///
    /// - Throws: `invalidProperty` for a message that was never written.
    mutating func acknowledge(_ id: Int64) throws(HubProtocolError) {
        guard id < nextID else {
            throw HubProtocolError(.invalidProperty, "The client acknowledges messages that it was not sent.")
        }
        guard id > acknowledgedID else { return }
        acknowledgedID = id
        // A client that is written messages again counts from the first of them on, and refuses to be told later that
        // it has more than it has counted. How far it has come shows only when it acknowledges one that is new to it.
        if id > lastIDBefore { removeAcknowledged() }
        measure()
    }

    private mutating func removeAcknowledged() {
        while let first = entries.first, firstID + first.count - 1 <= acknowledgedID {
            entries.removeFirst()
            firstID += first.count
        }
        let count = acknowledgedID - firstID + 1
        guard count > 0, !entries.isEmpty else { return }
        encoding.skipMessages(Int(count), in: &entries[0].bytes)
        entries[0].count -= count
        firstID += count
    }

    private mutating func measure() {
        var id = firstID
        size = 0
        for entry in entries {
            id += entry.count
            if id - 1 > acknowledgedID { size += entry.bytes.readableBytes }
        }
    }
}

// MARK: Another socket

extension MessageBuffer {
    /// Everything that is kept is written again, to a new socket.
    ///
    /// - Returns: The number of the first message that follows there.
    mutating func rewind() -> Int64 {
        // A client that comes again and again, and acknowledges nothing but what it had, shall not pile it up here.
        if entries.reduce(0, { $0 + $1.bytes.readableBytes }) > 2 * limit { removeAcknowledged() }
        unsent = entries.count
        lastIDBefore = nextID - 1
        return firstID
    }

    /// The next messages to be written again, joined up to so many bytes; one that is longer comes alone.
    mutating func nextUnsent(atMost limit: Int) -> ByteBuffer? {
        guard var messages = popUnsent(atMost: .max) else { return nil }
        while let next = popUnsent(atMost: limit - messages.readableBytes) { messages.writeImmutableBuffer(next) }
        return messages
    }

    private mutating func popUnsent(atMost limit: Int) -> ByteBuffer? {
        guard unsent > 0, case let next = entries[entries.count - unsent].bytes, next.readableBytes <= limit else {
            return nil
        }
        unsent -= 1
        return next
    }
}
