/// Blocks words and patterns, wherever the chunks of a reply are cut.
public struct BlockListFilter: ContentFilter {
    /// By their first byte, so that a place in the text is compared with few.
    private let words: [UInt8: [[UInt8]]]
    private let patterns: [Pattern]
    private let category: String
    public let lookbackBytes: Int
    public let pace = ContentFilterPace.eachUpdate

    /// `Regex` is not Sendable, though nothing changes in one that was made from text.
    private struct Pattern: @unchecked Sendable {
        let regex: Regex<AnyRegexOutput>
    }

    /// A pattern that matches nothing at all would block everything.
    public struct EmptyMatch: Error, CustomStringConvertible {
        public let pattern: String

        public var description: String { "the pattern \(pattern) matches an empty text" }
    }

    /// - Parameters:
    ///   - words: Blocked as whole words, without regard to case. One may have blanks in it.
    ///   - patterns: Regular expressions in Swift's syntax, without regard to case.
    ///   - longestMatch: How many bytes a match of a pattern may have. So much text of a reply is held back in the filter's
    ///     default mode; longer matches are found as far as they lie within one piece that is looked at.
    ///   - category: What clients are told.
    /// - Throws: What is wrong with a pattern.
    public init(
        words: [String] = [], patterns: [String] = [], longestMatch: Int = 128, category: String = "blocklist"
    ) throws {
        let folded = words.map { FoldedText($0).bytes }.filter { !$0.isEmpty }
        self.words = Dictionary(grouping: folded) { $0[0] }
        self.patterns = try patterns.map { pattern in
            let regex = try Regex(pattern).ignoresCase()
            guard try regex.wholeMatch(in: "") == nil else { throw EmptyMatch(pattern: pattern) }
            return Pattern(regex: regex)
        }
        self.category = category
        // A letter may be three times as long as its lower case; what stands around a word tells whether it is one.
        let longestWord = 3 * (folded.map(\.count).max() ?? 0) + 2 * FoldedText.longestScalar
        lookbackBytes = max(longestWord, self.patterns.isEmpty ? 0 : longestMatch)
    }

    public func firstViolation(in excerpt: ContentExcerpt) -> ContentViolation? {
        let starts = [firstWord(in: excerpt)] + patterns.map { firstMatch(of: $0, in: excerpt) }
        return starts.compactMap(\.self).min().map { ContentViolation(category: category, start: $0) }
    }

    private func firstMatch(of pattern: Pattern, in excerpt: ContentExcerpt) -> Int? {
        let text = excerpt.text
        let match = text.matches(of: pattern.regex).first { match in
            !match.range.isEmpty && (excerpt.isBeginning || match.range.lowerBound > text.startIndex)
                && (excerpt.isEnd || match.range.upperBound < text.endIndex)
        }
        return match.map { text.utf8.distance(from: text.startIndex, to: $0.range.lowerBound) }
    }

    private func firstWord(in excerpt: ContentExcerpt) -> Int? {
        guard !words.isEmpty else { return nil }
        let text = FoldedText(excerpt.text)
        let start = excerpt.isBeginning ? 0 : 1
        let end = excerpt.isEnd ? text.bytes.count : text.bytes.count - 1
        for place in text.bytes.indices.dropFirst(start) {
            guard let candidates = words[text.bytes[place]] else { continue }
            for word in candidates where place + word.count <= end && text.bytes[place...].starts(with: word) {
                if text.isWord(place..<place + word.count) { return text.places[place] }
            }
        }
        return nil
    }
}

/// A text in lower case, and where each byte of it comes from: lower case may have another length.
private struct FoldedText {
    static let longestScalar = 4

    private(set) var bytes: [UInt8] = []
    /// For each byte where the scalar begins that it comes from, in bytes of the text as it is.
    private(set) var places: [Int] = []

    init(_ text: String) {
        bytes.reserveCapacity(text.utf8.count)
        places.reserveCapacity(text.utf8.count)
        var place = 0
        for scalar in text.unicodeScalars {
            if scalar.isASCII {
                let byte = UInt8(truncatingIfNeeded: scalar.value)
                bytes.append((UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte + 32 : byte)
                places.append(place)
                place += 1
            } else {
                let lower = scalar.properties.lowercaseMapping.utf8
                bytes += lower
                places += Array(repeating: place, count: lower.count)
                place += UTF8.width(scalar)
            }
        }
    }

    /// Whether what stands before and behind is no part of a word.
    func isWord(_ range: Range<Int>) -> Bool {
        let before = String(decoding: bytes[..<range.lowerBound].suffix(Self.longestScalar), as: UTF8.self).last
        let after = String(decoding: bytes[range.upperBound...].prefix(Self.longestScalar), as: UTF8.self).first
        return !Self.isPartOfWord(before) && !Self.isPartOfWord(after)
    }

    private static func isPartOfWord(_ character: Character?) -> Bool {
        character.map { $0.isLetter || $0.isNumber || $0 == "_" } ?? false
    }
}
