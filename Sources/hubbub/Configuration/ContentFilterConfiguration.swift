import ChatModels
import Foundation

/// What is blocked, of prompts and replies.
struct ContentFilterConfiguration: Sendable {
    var blockedWords: [String]
    /// Nil where Azure AI Content Safety is not asked.
    var contentSafety: AzureContentSafetyFilter.Configuration?
    var mode: ContentFilterMiddleware.Mode
    /// What stands in place of blocked text.
    var replacement: String
    /// Whether text is let through that a filter could not look at; nil where nobody has said so.
    var deliversUnfilteredText: Bool?

    init(_ values: OptionValues) throws {
        mode = try values.value("content-filter-mode", expected: "default or asynchronous") {
            ContentFilterMiddleware.Mode(rawValue: $0)
        }
        replacement = try values.text("content-filter-replacement") ?? ""
        deliversUnfilteredText = try Self.deliversUnfilteredText(values)
        blockedWords = try values.text("blocked-words").map(Self.words) ?? []
        contentSafety = try Self.contentSafety(values)
    }

    static func deliversUnfilteredText(_ values: OptionValues) throws -> Bool? {
        guard values.isGiven("unfiltered-text") else { return nil }
        return try values.value("unfiltered-text", expected: "deliver or refuse") {
            ["deliver": true, "refuse": false][$0]
        }
    }

    private static func contentSafety(_ values: OptionValues) throws -> AzureContentSafetyFilter.Configuration? {
        // A wrong value is to be told whether or not the service is asked.
        let thresholds = try values.value("azure-content-safety-thresholds", expected: "settings", thresholds)
        let interval = try values.duration("azure-content-safety-interval")
        let blocklists = try values.list("azure-content-safety-blocklists")
        let key = try values.text("azure-content-safety-key")
        guard let endpoint = try values.text("azure-content-safety-endpoint") else { return nil }
        return .init(
            endpoint: endpoint, credential: key.map { .key(APIKey($0)) } ?? .none, thresholds: thresholds,
            blocklists: blocklists, interval: interval)
    }

    private static func thresholds(
        _ text: String
    ) throws -> [AzureContentSafetyFilter.Category: AzureContentSafetyFilter.Severity] {
        typealias Filter = AzureContentSafetyFilter
        let severities: [String: Filter.Severity?] = ["low": .low, "medium": .medium, "high": .high, "off": nil]
        var thresholds = Filter.Configuration.mediumThresholds
        for setting in text.split(separator: ",", omittingEmptySubsequences: false) {
            let parts = setting.split(separator: "=", omittingEmptySubsequences: false).map {
                $0.trimmingCharacters(in: .whitespaces)
            }
            guard parts.count == 2, let category = Filter.Category(rawValue: parts[0]),
                let severity = severities[parts[1]]
            else {
                throw UsageError(
                    "azure-content-safety-thresholds must be of the form hate=low,violence=high: categories hate,"
                        + " self_harm, sexual and violence, severities low, medium, high and off")
            }
            thresholds[category] = severity
        }
        return thresholds
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
