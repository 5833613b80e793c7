import HubBackplane
import NIOCore

/// Text that was taken back, as an entry of the log: it counts as the chunk `seq`, whose text takes the place of what goes.
struct StreamRetraction: Sendable, Equatable {
    var seq: UInt64
    /// The last chunk that stays whole. Those between it and `seq` are empty from now on.
    var keepSeq: UInt64
    /// The first chunk that does not stay whole, whose beginning `text` begins with.
    var cutSeq: UInt64
    /// How much of the whole text stays, in bytes of UTF-8. It may end within a chunk.
    var keepBytes: UInt64
    /// The same in UTF-16 units.
    var keepUTF16: UInt64
    /// Why, as a word that programs compare.
    var category: String
    /// What stays of the chunk `cutSeq`, and then the replacement.
    var text: ByteBuffer
    /// How many bytes of `text` stay from before.
    var prefixBytes: Int

    /// What somebody is told who has read up to a chunk.
    func told(after seq: UInt64) -> ChunkRetraction {
        var told = ChunkRetraction(keepUTF16: keepUTF16, keepBytes: keepBytes, category: category)
        // Who has read no more than what stays whole goes on reading there.
        guard seq > keepSeq else { return told }
        told.replacement = text
        if seq >= cutSeq {
            told.replacement.moveReaderIndex(forwardBy: min(prefixBytes, text.readableBytes))
        } else {
            // What was cut took the place of text that this one has.
            told.keepBytes -= UInt64(prefixBytes)
            told.keepUTF16 -= text.prefix(prefixBytes).utf16Count
        }
        return told
    }

    /// A later one has taken back what takes the place of the text.
    fileprivate mutating func clear() {
        text = ByteBuffer()
        prefixBytes = 0
    }
}

/// What was taken back of one text, in the order of the log.
struct Retractions: Sendable, Equatable {
    /// How many a text may have.
    static let limit = 64

    private(set) var all: [StreamRetraction] = []

    var isFull: Bool { all.count >= Self.limit }
    var last: StreamRetraction? { all.last }

    /// - Returns: Whether it was not known.
    mutating func insert(_ retraction: StreamRetraction) -> Bool {
        let place = all.partitioningIndex { $0.seq >= retraction.seq }
        if place < all.endIndex, all[place].seq == retraction.seq { return false }
        for index in all[..<place].indices where all[index].seq > retraction.keepSeq { all[index].clear() }
        all.insert(retraction, at: place)
        if takeBack(retraction.seq) { all[place].clear() }
        return true
    }

    /// Whether a chunk is empty, or was before anyone here had it.
    func takeBack(_ seq: UInt64) -> Bool {
        !all.isEmpty && all.contains { $0.keepSeq < seq && seq < $0.seq }
    }

    /// The next one in the log after a chunk.
    func first(after seq: UInt64) -> StreamRetraction? { all.isEmpty ? nil : all.first { $0.seq > seq } }

    /// What somebody must be told who has read up to `seq`: of those that follow, the one that takes back the most. The text
    /// after what it keeps is as the others leave it.
    func deepest(after seq: UInt64) -> StreamRetraction? {
        var deepest: StreamRetraction?
        for retraction in all where retraction.seq > seq && retraction.keepSeq <= deepest?.keepSeq ?? .max {
            deepest = retraction
        }
        return deepest
    }
}

extension ByteBuffer {
    /// The first bytes, fewer where that would cut a Unicode scalar of UTF-8.
    func prefix(_ count: Int) -> ByteBuffer {
        guard count < readableBytes else { return self }
        var end = max(count, 0)
        while end > 0, let byte: UInt8 = getInteger(at: readerIndex + end), byte & 0xC0 == 0x80 { end -= 1 }
        return getSlice(at: readerIndex, length: end) ?? ByteBuffer()
    }

    /// How many UTF-16 units this UTF-8 has.
    var utf16Count: UInt64 {
        // One for each scalar, and one more for those of four bytes.
        readableBytesView.reduce(0) { $0 + ($1 & 0xC0 == 0x80 ? 0 : $1 >= 0xF0 ? 2 : 1) }
    }
}
