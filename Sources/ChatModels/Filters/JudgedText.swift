import NIOCore

/// The end of a reply's text that a filter has still to look at, or to see again.
struct JudgedText {
    private let lookback: Int
    private let batch: Int
    /// From `passedBytes` minus what is seen again.
    private var tail = ByteBuffer()
    /// How much of `tail` was passed already.
    private var seen = 0
    private var looked = 0
    /// How many bytes of the reply are beyond doubt.
    private(set) var passedBytes = 0

    init(lookback: Int, batch: Int) {
        self.lookback = lookback
        self.batch = max(batch, 1)
    }

    mutating func append(_ text: ByteBuffer) { tail.writeImmutableBuffer(text) }

    /// What is to be judged.
    func excerpt(isEnd: Bool) -> ContentExcerpt {
        ContentExcerpt(source: .reply, text: String(buffer: tail), isBeginning: passedBytes == seen, isEnd: isEnd)
    }

    var hasNew: Bool { tail.readableBytes > seen }
    var isWorthALook: Bool { tail.readableBytes - looked >= batch }

    /// The filter has looked at the excerpt.
    ///
    /// - Parameters:
    ///   - violation: Where in it begins what is blocked.
    ///   - isLast: No more text comes, so nothing can be the beginning of something.
    /// - Returns: What is beyond doubt now and was not before.
    mutating func pass(upTo violation: Int?, isLast: Bool) -> ByteBuffer {
        let end = violation ?? (isLast ? tail.readableBytes : tail.readableBytes - lookback)
        let sure = max(tail.prefix(max(end, 0)).readableBytes, seen)
        let passed = tail.getSlice(at: tail.readerIndex + seen, length: sure - seen) ?? ByteBuffer()
        passedBytes += passed.readableBytes
        seen = sure
        // What a match may begin with has to be seen again.
        let known = tail.prefix(max(sure - lookback, 0)).readableBytes
        tail.moveReaderIndex(forwardBy: known)
        tail.discardReadBytes()
        seen -= known
        looked = tail.readableBytes
        return passed
    }

    /// Where in the reply a place of the excerpt is.
    func place(of start: Int) -> Int { passedBytes - seen + start }

    /// Text was taken back by somebody else; what is left was looked at by them.
    mutating func retract(_ retraction: ChatRetraction) {
        giveUp()
        passedBytes = min(max(retraction.keepBytes, 0), passedBytes) + retraction.replacement.utf8.count
    }

    /// What is left is not shown.
    mutating func giveUp() {
        tail.clear()
        (seen, looked) = (0, 0)
    }
}
