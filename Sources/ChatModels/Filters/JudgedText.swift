import NIOCore

/// The end of a reply's text that a filter has still to look at, or to see again.
struct JudgedText {
    private let lookback: Int
    /// From `passedBytes` minus what is seen again.
    private var tail = ByteBuffer()
    /// How much of `tail` was passed already.
    private var seen = 0
    /// How much of it the filter has judged.
    private var judged = 0
    /// How much of it the filter is looking at.
    private var asked = 0
    /// How many bytes of the reply are beyond doubt.
    private(set) var passedBytes = 0

    init(lookback: Int) {
        self.lookback = lookback
    }

    mutating func append(_ text: ByteBuffer) { tail.writeImmutableBuffer(text) }

    /// How many bytes the filter has not judged at all.
    var newBytes: Int { tail.readableBytes - judged }
    var hasDoubtful: Bool { tail.readableBytes > seen }

    /// What is to be judged. What is appended from now on is no part of it.
    mutating func excerpt(isEnd: Bool) -> ContentExcerpt {
        asked = tail.readableBytes
        return ContentExcerpt(
            source: .reply, text: String(buffer: tail), isBeginning: passedBytes == seen, isEnd: isEnd)
    }

    /// The filter has looked at the excerpt.
    ///
    /// - Parameters:
    ///   - violation: Where in it begins what is blocked.
    ///   - isLast: No more text comes, so nothing can be the beginning of something.
    /// - Returns: What is beyond doubt now and was not before.
    mutating func pass(upTo violation: Int?, isLast: Bool) -> ByteBuffer {
        let end = violation ?? (isLast ? asked : asked - lookback)
        let sure = max(tail.prefix(min(max(end, 0), asked)).readableBytes, seen)
        let passed = tail.getSlice(at: tail.readerIndex + seen, length: sure - seen) ?? ByteBuffer()
        passedBytes += passed.readableBytes
        seen = sure
        // What a match may begin with has to be seen again.
        let known = tail.prefix(max(sure - lookback, 0)).readableBytes
        tail.moveReaderIndex(forwardBy: known)
        tail.discardReadBytes()
        seen -= known
        judged = asked - known
        return passed
    }

    /// Lets through what was judged and waits for more, when no more comes.
    mutating func passJudged() -> ByteBuffer {
        asked = judged
        return pass(upTo: nil, isLast: true)
    }

    /// Where in the reply a place of the excerpt is.
    func place(of start: Int) -> Int { passedBytes - seen + min(max(start, 0), asked) }

    /// Text was taken back by somebody else; what is left was looked at by them.
    mutating func retract(_ retraction: ChatRetraction) {
        giveUp()
        passedBytes = min(max(retraction.keepBytes, 0), passedBytes) + retraction.replacement.utf8.count
    }

    /// What is left is not shown.
    mutating func giveUp() {
        tail.clear()
        (seen, judged, asked) = (0, 0, 0)
    }
}
