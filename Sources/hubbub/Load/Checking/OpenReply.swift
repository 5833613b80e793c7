import Crypto
import Histogram

/// A reply that is being received.
struct OpenReply {
    enum End {
        /// Without a summary where the server tells none.
        case completed(ReplySummary?)
        case failed(code: String)
    }

    private(set) var invocationID: String
    private(set) var askedAt: UInt64
    /// UTF-8, empty until it is known.
    var messageID: [UInt8] = []
    var end: End?
    /// Where it can be resumed.
    var cursor: Int64 = 0
    /// Whether the connection over which it was asked is gone: its end is told by an event alone.
    var isResumed = false
    /// Whether the question was sent once more, as the first one seemed not to have arrived.
    var wasAskedAgain = false
    private(set) var order = ChunkOrder()
    private(set) var bytes = 0
    private var hash: SHA256?
    let isTimed: Bool
    private var lastTextAt: UInt64 = 0

    var id: String { String(decoding: messageID, as: UTF8.self) }

    /// - Parameter askedAt: Nanoseconds of the monotonic clock.
    init(invocationID: String, askedAt: UInt64, isHashed: Bool, isTimed: Bool = true) {
        self.isTimed = isTimed
        self.invocationID = invocationID
        self.askedAt = askedAt
        hash = isHashed ? SHA256() : nil
    }

    /// - Parameter text: UTF-8.
    mutating func receive(_ text: UnsafeRawBufferPointer, at now: UInt64, figures: inout LoadFigures) {
        if isTimed {
            if bytes == 0 {
                figures.firstChunk.record((now &- askedAt) / 1000)
            } else if now > lastTextAt {
                figures.interChunk.record((now - lastTextAt) / 1000)
            }
        }
        lastTextAt = now
        bytes += text.count
        hash?.update(bufferPointer: text)
        var chunks = 0
        Stamp.forEach(in: text) { stamp in
            chunks += 1
            order.receive(stamp.number)
            // A clock of another machine may be ahead.
            if isTimed { figures.latency.record((now > stamp.nanoseconds ? now - stamp.nanoseconds : 0) / 1000) }
        }
        figures.received(chunks: chunks, bytes: text.count, at: now)
    }

    /// The text begins again.
    mutating func restart() {
        order = ChunkOrder()
        bytes = 0
        if hash != nil { hash = SHA256() }
    }

    mutating func swapAsk(with other: inout OpenReply) {
        swap(&invocationID, &other.invocationID)
        swap(&askedAt, &other.askedAt)
    }

    /// The SHA-256 of the text as lower-case digits, where it was hashed.
    var digest: String? {
        hash.map { hash in
            hash.finalize().map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        }
    }
}
