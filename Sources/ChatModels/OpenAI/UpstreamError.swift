import FoundationEssentials

/// What a model's server says about a failure, in any of the shapes that servers use: OpenAI's and Azure's
/// `{"error":{…}}`, a bare `{"error":"…"}`, and members at the top level from gateways and older vLLM.
///
/// Holds only words to decide by, no text of the server's that could reach a client.
struct UpstreamError: Decodable, Hashable {
    /// `code`, or else `type`; numbers as digits.
    let code: String?
    let type: String?
    /// Whether a content filter refused the prompt.
    let isFiltered: Bool
    /// The categories for which it did.
    let categories: [String]

    private enum CodingKeys: String, CodingKey {
        case error
        case code
        case status
        case statusCode
        case type
        case innererror
        case innerError = "inner_error"
        case contentFilterResult = "content_filter_result"
        case contentFilterResults = "content_filter_results"
        case contentFilters = "content_filters"
    }

    init(from decoder: any Decoder) throws {
        let outer = try decoder.container(keyedBy: CodingKeys.self)
        let members = (try? outer.nestedContainer(keyedBy: CodingKeys.self, forKey: .error)) ?? outer
        code = [.code, .status, .statusCode].lazy.compactMap { Self.word(members, $0) }.first
        type = Self.word(members, .type)
        let filterMembers: [CodingKeys] = [.contentFilterResult, .contentFilterResults, .contentFilters]
        let isInnerFiltered = [CodingKeys.innererror, .innerError].contains { key in
            guard let inner = try? members.nestedContainer(keyedBy: CodingKeys.self, forKey: key) else { return false }
            return Self.word(inner, .code) == "ResponsibleAIPolicyViolation"
                || filterMembers.contains(where: inner.contains)
        }
        categories =
            Self.categories(members)
            + [CodingKeys.innererror, .innerError].flatMap { key in
                (try? members.nestedContainer(keyedBy: CodingKeys.self, forKey: key)).map(Self.categories) ?? []
            }
        isFiltered = code == "content_filter" || isInnerFiltered || filterMembers.contains(where: members.contains)
    }

    /// Nil when the body is not JSON, as from a proxy.
    init?(body: some Collection<UInt8>) {
        guard let error = try? JSONDecoder().decode(UpstreamError.self, from: Data(body)) else { return nil }
        self = error
    }

    private static func categories(_ members: KeyedDecodingContainer<CodingKeys>) -> [String] {
        let results = [.contentFilterResult, .contentFilterResults].compactMap {
            try? members.decode(ContentFilterResults.self, forKey: $0)
        }
        let filters = (try? members.decode([ContentFilter].self, forKey: .contentFilters)) ?? []
        return (results + filters.compactMap(\.results)).flatMap(\.blocking)
    }

    /// An element of the Responses API's `content_filters`.
    private struct ContentFilter: Decodable {
        let results: ContentFilterResults?

        enum CodingKeys: String, CodingKey {
            case results = "content_filter_results"
        }
    }

    private static func word(_ members: KeyedDecodingContainer<CodingKeys>, _ key: CodingKeys) -> String? {
        if let word = try? members.decode(String.self, forKey: key) { return word }
        return (try? members.decode(Int.self, forKey: key)).map(String.init)
    }
}
