import DequeModule
import NIOCore

/// A run of a stream's chunks: those after `base`, up to `last`.
///
/// A producer's text begins at 0 and is whole. A viewing node keeps only what its viewers have not read yet.
struct StreamText: Sendable {
    /// The last chunk that is not here any more (or never was): 0 for a whole text.
    private(set) var base: UInt64
    /// Where each chunk ends, counted from the first byte that was ever appended.
    private var ends: Deque<Int> = []
    private var bytes = ByteBuffer()
    /// How many bytes were dropped in front of `bytes`.
    private var dropped = 0
    /// Everything was dropped, and `bytes` is to be cleared before it is used again: not at once, since a reader may still
    /// hold a slice of it, and clearing would then allocate.
    private var isDrained = false

    init(after base: UInt64 = 0) {
        self.base = base
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
            if seq > last { append(chunk) }
            seq += 1
        }
    }

    /// The chunks after one as the payload of an entry: whole chunks of at most `limit` bytes, but at least one.
    ///
    /// - Parameters:
    ///   - seq: Between `base` and `last`.
    ///   - end: The last chunk that is wanted, however much fits.
    func entry(
        after seq: UInt64, limit: Int, epoch: UInt64, through end: UInt64 = .max
    ) -> (payload: ByteBuffer, last: UInt64)? {
        guard var range = range(after: seq, limit: limit) else { return nil }
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
        return (payload, base + UInt64(range.upperBound))
    }

    /// The text after a chunk, as much as an entry may have, in one piece.
    ///
    /// - Parameter end: The last chunk that is wanted.
    func read(after seq: UInt64, limit: Int, through end: UInt64 = .max) -> (text: ByteBuffer, last: UInt64)? {
        guard seq < end, var range = range(after: seq, limit: limit) else { return nil }
        if end < last { range = range.clamped(to: 0..<Int(end - base)) }
        return slice(range).map { ($0, base + UInt64(range.upperBound)) }
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
