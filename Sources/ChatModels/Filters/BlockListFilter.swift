/// Blocks words and patterns, wherever the chunks of a reply are cut.
public struct BlockListFilter: ContentFilter {
    private let words: [[UInt8]]
    private let patterns: [Pattern]
    private let category: String
    public let lookbackBytes: Int
    public let batchBytes = 1

    /// `Regex` is not Sendable, though nothing changes in one that was made from a literal or from text.
    private struct Pattern: @unchecked Sendable {
        let regex: Regex<AnyRegexOutput>
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
        self.words = words.map { Array($0.lowercased().utf8) }.filter { !$0.isEmpty }
        self.patterns = try patterns.map { Pattern(regex: try Regex($0).ignoresCase()) }
        self.category = category
        let longestWord = self.words.map(\.count).max() ?? 0
        // What stands before a word and behind it tells whether it is one.
        lookbackBytes = max(longestWord + 2 * Self.longestScalar, self.patterns.isEmpty ? 0 : longestMatch)
    }

    private static let longestScalar = 4

    public func firstViolation(in excerpt: ContentExcerpt) -> ContentViolation? {
        let starts = [firstWord(in: excerpt)] + patterns.map { firstMatch(of: $0, in: excerpt.text) }
        return starts.compactMap(\.self).min().map { ContentViolation(category: category, start: $0) }
    }

    private func firstMatch(of pattern: Pattern, in text: String) -> Int? {
        guard let match = text.firstMatch(of: pattern.regex), !match.range.isEmpty else { return nil }
        return text.utf8.distance(from: text.startIndex, to: match.range.lowerBound)
    }

    private func firstWord(in excerpt: ContentExcerpt) -> Int? {
        guard !words.isEmpty else { return nil }
        var first: Int?
        // Lower case may have another length; places are those of the text as it is.
        let (folded, places) = Self.folded(excerpt.text)
        for word in words {
            var start = 0
            while let found = folded[start...].firstRange(of: word), found.lowerBound < first ?? .max {
                let isSure =
                    (excerpt.isBeginning || found.lowerBound > 0) && (excerpt.isEnd || found.upperBound < folded.count)
                if isSure, Self.isWord(found, in: folded) { first = found.lowerBound }
                start = found.lowerBound + 1
            }
        }
        return first.map { places[$0] }
    }

    /// The text in lower case, and for each byte of it where the scalar begins that it comes from.
    private static func folded(_ text: String) -> (bytes: [UInt8], places: [Int]) {
        var bytes: [UInt8] = []
        var places: [Int] = []
        var place = 0
        for scalar in text.unicodeScalars {
            let lower =
                scalar.isASCII
                ? Array(String(scalar).lowercased().utf8) : Array(scalar.properties.lowercaseMapping.utf8)
            bytes += lower
            places += Array(repeating: place, count: lower.count)
            place += scalar.utf8.count
        }
        return (bytes, places)
    }

    private static func isWord(_ range: Range<Int>, in bytes: [UInt8]) -> Bool {
        let before = String(decoding: bytes[..<range.lowerBound].suffix(longestScalar), as: UTF8.self).last
        let after = String(decoding: bytes[range.upperBound...].prefix(longestScalar), as: UTF8.self).first
        return !isPartOfWord(before) && !isPartOfWord(after)
    }

    private static func isPartOfWord(_ character: Character?) -> Bool {
        character.map { $0.isLetter || $0.isNumber || $0 == "_" } ?? false
    }
}
