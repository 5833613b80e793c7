/// A text in pieces that a service takes, each of which begins with the end of the one before: nothing is hidden by a cut.
struct OverlappingPieces: Sequence, IteratorProtocol {
    private let text: Substring.UnicodeScalarView
    private var start: Substring.UnicodeScalarView.Index?
    private let size: Int
    private let overlap: Int

    /// - Parameters:
    ///   - size: The most that a piece may have, in Unicode scalars.
    ///   - overlap: How much of a piece the next one has, too; less than half of it.
    init(_ text: String, size: Int, overlap: Int) {
        precondition(overlap >= 0 && overlap < size / 2, "pieces that do not get on")
        self.text = text[...].unicodeScalars
        self.size = size
        self.overlap = overlap
        start = self.text.isEmpty ? nil : self.text.startIndex
    }

    mutating func next() -> Substring? {
        guard let start else { return nil }
        guard let limit = text.index(start, offsetBy: size, limitedBy: text.endIndex), limit < text.endIndex else {
            self.start = nil
            return Substring(text[start...])
        }
        let end = endOfWord(before: limit)
        self.start = text.index(end, offsetBy: -overlap)
        return Substring(text[start..<end])
    }

    /// A cut between words, if one ends near.
    private func endOfWord(before limit: Substring.UnicodeScalarView.Index) -> Substring.UnicodeScalarView.Index {
        let near = text[text.index(limit, offsetBy: -overlap)..<limit]
        return near.lastIndex { $0.properties.isWhitespace } ?? limit
    }
}
