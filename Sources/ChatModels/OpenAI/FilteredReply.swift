import NIOCore

/// The text of a reply that Azure's asynchronous filter looks at while it is handed over, and where it takes some back.
///
/// Its places are characters from the beginning of the prompt, whose length nobody tells: the first annotation begins with the
/// reply. Which characters they count is not documented, so they are taken for those that keep least, UTF-16 units.
struct FilteredReply {
    private var text = ByteBuffer()
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
        if isKept { text.writeImmutableBuffer(piece) }
    }

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
        var (rest, bytes) = (units, 0)
        for byte in text.readableBytesView {
            if byte & 0xC0 != 0x80 {
                rest -= byte >= 0xF0 ? 2 : 1
                if rest < 0 { break }
            }
            bytes += 1
        }
        return bytes
    }
}
