import NIOCore

/// Where in a reply Azure's asynchronous filter takes text back that was handed over before.
///
/// Its places are characters from the beginning of the prompt, whose length nobody tells: the first annotation begins with the
/// reply. Which characters they count is not documented, so they are taken for those that keep least, UTF-16 units.
///
/// Of the text only the last 4 to 8 KiB are held, since a filter speaks within about a thousand characters; in what came before, a
/// place is found to within ``markDistance``.
struct FilteredReply {
    /// A place in the reply, in both counts.
    private struct Mark {
        var units = 0
        var bytes = 0

        mutating func pass(_ byte: UInt8) {
            if byte.beginsScalar { units += byte.units }
            bytes += 1
        }
    }

    /// How much more of old text than the filter says may be taken back, in UTF-16 units.
    static let markDistance = 256
    private static let recentBytes = 4096

    /// The end of the text, from the last mark on.
    private var recent = ByteBuffer()
    /// In text from before: its beginning, then places that are ``markDistance`` apart, then where `recent` begins.
    private var marks = [Mark()]
    private var isKept = false
    private var base: Int?

    /// - Parameter base: Where the reply begins, where that is known; its text is kept from the beginning then.
    init(base: Int? = nil) {
        self.base = base
        isKept = base != nil
    }

    /// A filter speaks: from now on the text is kept. Text from before cannot be found again.
    mutating func isAnnotated() { isKept = true }

    mutating func append(_ piece: ByteBuffer) {
        guard isKept else { return }
        recent.writeImmutableBuffer(piece)
        if recent.readableBytes >= 2 * Self.recentBytes { forget(recent.readableBytes - Self.recentBytes) }
    }

    /// What it takes in memory, for the most part.
    var heldBytes: Int { recent.readableBytes + marks.count * MemoryLayout<Mark>.stride }

    /// Text up to some place was looked at, and may stay.
    mutating func pass(_ offsets: ContentFilterOffsets) { _ = begin(offsets) }

    /// Text from some place on is to go.
    mutating func block(_ offsets: ContentFilterOffsets, category: String) -> ChatRetraction {
        let base = begin(offsets) ?? 0
        // The places are a server's: any numbers.
        let units = (offsets.start ?? offsets.check ?? base).subtractingReportingOverflow(base)
        return ChatRetraction(
            keepBytes: bytes(ofUTF16: units.overflow ? 0 : max(units.partialValue, 0)), category: category)
    }

    private mutating func begin(_ offsets: ContentFilterOffsets) -> Int? {
        base = base ?? offsets.start ?? offsets.check
        return base
    }

    private func bytes(ofUTF16 units: Int) -> Int {
        guard var place = marks.last(where: { $0.units <= units }) else { return 0 }
        guard place.units == marks.last?.units else { return place.bytes }
        for byte in recent.readableBytesView {
            if byte.beginsScalar, place.units + byte.units > units { break }
            place.pass(byte)
        }
        return place.bytes
    }

    /// Leaves marks instead of text.
    private mutating func forget(_ count: Int) {
        let old = recent.prefix(count)
        var (place, isFirst) = (marks.removeLast(), marks.isEmpty)
        for byte in old.readableBytesView {
            if byte.beginsScalar, isFirst || place.units - (marks.last?.units ?? 0) >= Self.markDistance {
                marks.append(place)
                isFirst = false
            }
            place.pass(byte)
        }
        marks.append(place)
        recent.moveReaderIndex(forwardBy: old.readableBytes)
        recent.discardReadBytes()
    }
}

extension UInt8 {
    /// Of UTF-8.
    fileprivate var beginsScalar: Bool { self & 0xC0 != 0x80 }

    /// How many UTF-16 units the scalar has that it begins.
    fileprivate var units: Int { self >= 0xF0 ? 2 : 1 }
}
