import ChatModels
import Foundation
import Logging

/// What is blocked, of prompts and replies.
struct ContentFilterConfiguration: Sendable {
    var blockedWords: [String]
    var mode: ContentFilterMiddleware.Mode

    init(_ values: OptionValues) throws {
        mode = try values.value("content-filter-mode", expected: "default or asynchronous") {
            ContentFilterMiddleware.Mode(rawValue: $0)
        }
        blockedWords = try values.text("blocked-words").map(Self.words) ?? []
    }

    /// `nil` where nothing is blocked.
    func middleware(logger: Logger) throws -> ContentFilterMiddleware? {
        guard !blockedWords.isEmpty else { return nil }
        return ContentFilterMiddleware(try BlockListFilter(words: blockedWords), mode: mode, logger: logger)
    }

    private static func words(at path: String) throws -> [String] {
        guard let text = TextFile.text(at: path) else {
            throw UsageError("blocked-words: the file \(path) cannot be read")
        }
        let lines = text.split(whereSeparator: \.isNewline).map { $0.trimmingCharacters(in: .whitespaces) }
        let words = lines.filter { !$0.isEmpty }
        guard !words.isEmpty else { throw UsageError("blocked-words: the file \(path) has no words") }
        return words
    }
}
