/// The tokens that a server counted, by the names of either API.
struct UpstreamUsage: Decodable {
    let tokens: TokenUsage

    private enum CodingKeys: String, CodingKey {
        case promptTokens = "prompt_tokens"
        case promptDetails = "prompt_tokens_details"
        case completionTokens = "completion_tokens"
        case completionDetails = "completion_tokens_details"
        case inputTokens = "input_tokens"
        case inputDetails = "input_tokens_details"
        case outputTokens = "output_tokens"
        case outputDetails = "output_tokens_details"
        case totalTokens = "total_tokens"
    }

    private struct Details: Decodable {
        let cachedTokens: Int?
        let reasoningTokens: Int?

        enum CodingKeys: String, CodingKey {
            case cachedTokens = "cached_tokens"
            case reasoningTokens = "reasoning_tokens"
        }
    }

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        func count(_ keys: CodingKeys...) throws -> Int? {
            try keys.lazy.compactMap { try container.decodeIfPresent(Int.self, forKey: $0) }.first
        }
        // Compatible servers write anything there.
        func details(_ keys: CodingKeys...) -> Details? {
            keys.lazy.compactMap { try? container.decodeIfPresent(Details.self, forKey: $0) }.first
        }
        tokens = TokenUsage(
            inputTokens: try count(.promptTokens, .inputTokens) ?? 0,
            outputTokens: try count(.completionTokens, .outputTokens) ?? 0, totalTokens: try count(.totalTokens),
            cachedInputTokens: details(.promptDetails, .inputDetails)?.cachedTokens,
            reasoningTokens: details(.completionDetails, .outputDetails)?.reasoningTokens)
    }
}
