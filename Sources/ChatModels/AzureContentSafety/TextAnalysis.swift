/// What the service is asked: <https://learn.microsoft.com/rest/api/contentsafety/text-operations/analyze-text>.
struct TextAnalysisRequest: Encodable {
    let text: String
    let categories: [String]
    let blocklistNames: [String]?
    let haltOnBlocklistHit: Bool?
    let outputType = "FourSeverityLevels"

    private enum CodingKeys: String, CodingKey {
        case text
        case categories
        case blocklistNames
        case haltOnBlocklistHit
        case outputType
    }

    init(text: String, configuration: AzureContentSafetyFilter.Configuration) {
        self.text = text
        // With none at all the service would be asked for those it likes.
        let asked = configuration.thresholds.isEmpty ? AzureContentSafetyFilter.Category.allCases : configuration.asked
        categories = asked.map(\.word)
        blocklistNames = configuration.blocklists.isEmpty ? nil : configuration.blocklists
        haltOnBlocklistHit = configuration.blocklists.isEmpty ? nil : true
    }
}

/// What it answers.
struct TextAnalysis: Decodable {
    struct CategoryAnalysis: Decodable {
        let category: String
        let severity: Int
    }

    struct BlocklistMatch: Decodable {}

    let categoriesAnalysis: [CategoryAnalysis]?
    let blocklistsMatch: [BlocklistMatch]?

    /// The category for which the text is blocked, the worst of several.
    ///
    /// - Throws: ``ContentSafetyError/unreadable`` where it says nothing of a category that was asked for.
    func blockedCategory(
        _ configuration: AzureContentSafetyFilter.Configuration
    ) throws(ContentSafetyError) -> String? {
        // The names of Azure OpenAI's own filter.
        if blocklistsMatch?.isEmpty == false { return "custom_blocklists" }
        var worst: (category: String, severity: Int)?
        for category in configuration.asked {
            guard let severity = categoriesAnalysis?.first(where: { $0.category == category.word })?.severity,
                let threshold = configuration.thresholds[category]
            else { throw .unreadable }
            if severity >= threshold.rawValue, severity > worst?.severity ?? 0 {
                worst = (category.rawValue, severity)
            }
        }
        return worst?.category
    }
}

extension AzureContentSafetyFilter.Configuration {
    /// The categories that may be blocked, always in the same order.
    fileprivate var asked: [AzureContentSafetyFilter.Category] {
        AzureContentSafetyFilter.Category.allCases.filter { thresholds[$0] != nil }
    }
}

extension AzureContentSafetyFilter.Category {
    fileprivate var word: String {
        switch self {
        case .hate: "Hate"
        case .selfHarm: "SelfHarm"
        case .sexual: "Sexual"
        case .violence: "Violence"
        }
    }
}
