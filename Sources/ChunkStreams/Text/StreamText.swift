import DequeModule
import HubBackplane
import NIOCore

/// A run of a stream's chunks: those after `base`, up to `last`.
///
/// A producer's text begins at 0 and is whole. A viewing node keeps only what its viewers have not read yet. It is the text
/// as it stands: chunks that were taken back are empty.
struct StreamText: Sendable {
    /// The last chunk that is not here any more (or never was): 0 for a whole text.
    private(set) var base: UInt64
    /// Where each chunk ends, counted from the first byte that was ever appended.
    private var ends: Deque<Int> = []
    private var bytes = ByteBuffer()
    /// How many bytes were dropped in front of `bytes`.
    private var dropped = 0
    /// What was taken back, as far as that is known.
    private(set) var retractions = Retractions()
    /// Everything was dropped, and `bytes` is to be cleared before it is used again: not at once, since a reader may still
    /// hold a slice of it, and clearing would then allocate.
    private var isDrained = false

    init(after base: UInt64 = 0, retractions: Retractions = Retractions()) {
        self.base = base
        self.retractions = retractions
    }

    /// The last chunk that is here.
    var last: UInt64 { base + UInt64(ends.count) }

    /// How many bytes the chunks here have.
    var byteCount: Int { isDrained ? 0 : bytes.readableBytes }

    /// How many bytes the chunks after one have.
    func byteCount(after seq: UInt64) -> Int {
        guard seq > base else { return byteCount }
        guard seq < last else { return 0 }
        return byteCount - (offset(of: Int(seq - base)) - dropped)
    }

    /// All the text that is here.
    var all: ByteBuffer { isDrained ? ByteBuffer() : bytes }

    /// Appends one chunk.
    mutating func append(_ chunk: ByteBuffer) {
        if isDrained {
            bytes.clear()
            dropped = 0
            isDrained = false
        }
        bytes.writeImmutableBuffer(chunk)
        ends.append(dropped + bytes.readableBytes)
    }

    /// Appends those of some chunks that follow `last`; the earlier ones are known already.
    ///
    /// The first of them must not lie beyond `last + 1`.
    mutating func append(_ chunks: StreamEntry.Chunks) {
        var text = chunks.text
        var seq = chunks.first
        for length in chunks.lengths {
            guard let chunk = text.readSlice(length: length) else { return }
            if seq > last { append(retractions.takeBack(seq) ? ByteBuffer() : chunk) }
            seq += 1
        }
    }

    /// The chunks after one as the payload of an entry: whole chunks of at most `limit` bytes, but at least one. A retraction
    /// is an entry of its own.
    ///
    /// - Parameters:
    ///   - seq: Between `base` and `last`.
    ///   - end: The last chunk that is wanted, however much fits.
    ///   - timed: The last chunk that is timed, which says so where the entry has it.
    func entry(
        after seq: UInt64, limit: Int, epoch: UInt64, through end: UInt64 = .max, timed: TimedChunk? = nil
    ) -> (payload: ByteBuffer, last: UInt64)? {
        guard var range = range(after: seq, limit: limit) else { return nil }
        var end = end
        if let retraction = retractions.first(after: seq) {
            guard retraction.seq > seq + 1 else {
                return (StreamEntry.retraction(epoch: epoch, retraction).payload, retraction.seq)
            }
            end = min(end, retraction.seq - 1)
        }
        if end < last { range = range.clamped(to: 0..<Int(end - base)) }
        guard let text = slice(range) else { return nil }
        var payload = ByteBuffer()
        payload.writeChunksHead(epoch: epoch, first: seq + 1, count: range.count, textSize: text.readableBytes)
        var start = offset(of: range.lowerBound)
        for index in range {
            payload.writeInteger(UInt32(truncatingIfNeeded: ends[index] - start))
            start = ends[index]
        }
        payload.writeImmutableBuffer(text)
        let last = base + UInt64(range.upperBound)
        if let timed, timed.seq > seq, timed.seq <= last { payload.writeInteger(timed.appendedAt) }
        return (payload, last)
    }

    /// The text after a chunk, as much as an entry may have, in one piece; `nil` where there is none.
    ///
    /// - Parameters:
    ///   - seq: The last chunk that was read before, and afterwards. Chunks that were taken back have no text; who comes to
    ///     them has not passed them until there is text behind, since it may be a retraction's.
    ///   - end: The last chunk that is wanted.
    func read(advancing seq: inout UInt64, limit: Int, through end: UInt64 = .max) -> ByteBuffer? {
        var place = seq
        while place < end, var range = range(after: place, limit: limit) {
            if end < last { range = range.clamped(to: 0..<Int(end - base)) }
            guard let text = slice(range) else { return nil }
            place = base + UInt64(range.upperBound)
            guard text.readableBytes > 0 else { continue }
            var upper = range.upperBound
            while ends[upper - 1] == offset(of: upper - 1) { upper -= 1 }
            seq = base + UInt64(upper)
            return text
        }
        return nil
    }

    /// Forgets the chunks up to one.
    mutating func drop(through seq: UInt64) {
        guard seq > base else { return }
        if seq >= last {
            base = last
            ends.removeAll(keepingCapacity: true)
            isDrained = true
            return
        }
        let count = Int(seq - base)
        let offset = ends[count - 1]
        bytes.moveReaderIndex(forwardBy: offset - dropped)
        bytes.discardReadBytes()
        dropped = offset
        ends.removeFirst(count)
        base = seq
    }

    // MARK: Retractions

    /// Takes back everything after the first bytes of a whole text.
    ///
    /// - Parameters:
    ///   - keepBytes: How many bytes stay; fewer where that would cut a Unicode scalar.
    ///   - replacement: UTF-8 that takes the place of what goes.
    mutating func retract(keeping keepBytes: Int, category: String, replacement: ByteBuffer = ByteBuffer()) {
        let kept = all.prefix(keepBytes)
        let whole = ends.partitioningIndex { $0 > kept.readableBytes }
        let boundary = offset(of: whole)
        var text = kept
        text.moveReaderIndex(forwardBy: boundary)
        let prefixBytes = text.readableBytes
        text.writeImmutableBuffer(replacement)
        retract(
            StreamRetraction(
                seq: last + 1,
                // Chunks that are empty at the end of what stays may have been taken back themselves.
                keepSeq: boundary == 0 ? 0 : UInt64(ends.partitioningIndex { $0 >= boundary } + 1),
                cutSeq: UInt64(whole + 1), keepBytes: UInt64(kept.readableBytes), keepUTF16: kept.utf16Count,
                category: category, text: text,
                prefixBytes: prefixBytes))
    }

    /// Takes the next entry, a retraction.
    mutating func retract(_ retraction: StreamRetraction) {
        learn(retraction)
        append(retractions.takeBack(retraction.seq) ? ByteBuffer() : retraction.text)
    }

    /// A retraction that may lie beyond the chunks that are here: those which it takes back are empty from now on.
    mutating func learn(_ retraction: StreamRetraction) {
        // It may lie before what is here.
        guard retractions.insert(retraction), retraction.seq > base + 1 else { return }
        let kept = Int(max(retraction.keepSeq, base) - base)
        guard kept < ends.count else { return }
        let end = Int(min(retraction.seq - 1, last) - base)
        let (start, length) = (offset(of: kept), offset(of: end) - offset(of: kept))
        guard length > 0 else { return }
        var rest = bytes
        rest.moveReaderIndex(forwardBy: start + length - dropped)
        bytes.moveWriterIndex(to: bytes.readerIndex + start - dropped)
        bytes.writeImmutableBuffer(rest)
        for index in kept..<ends.count { ends[index] = max(start, ends[index] - length) }
    }

    private func range(after seq: UInt64, limit: Int) -> Range<Int>? {
        guard seq >= base, seq < last else { return nil }
        let first = Int(seq - base)
        let start = offset(of: first)
        if let end = ends.last, end - start <= limit { return first..<ends.count }
        var upper = first + 1
        while upper < ends.count, ends[upper] - start <= limit { upper += 1 }
        return first..<upper
    }

    private func offset(of index: Int) -> Int { index == 0 ? dropped : ends[index - 1] }

    private func slice(_ range: Range<Int>) -> ByteBuffer? {
        let start = offset(of: range.lowerBound)
        return bytes.getSlice(
            at: bytes.readerIndex + start - dropped, length: ends[range.upperBound - 1] - start)
    }
}
