/// One event of a streamed chat completion, read leniently: servers leave members out, add their own, and disagree on types.
struct ChatCompletionFrame: Decodable {
    struct Choice: Decodable {
        /// The text that this frame adds, empty when it adds none. A refusal is text too.
        let text: String
        let index: Int
        /// Nil while the model goes on; some servers write that as "".
        let finishReason: String?

        private enum CodingKeys: String, CodingKey {
            case index
            case delta
            case finishReason = "finish_reason"
        }

        private struct Delta: Decodable {
            let content: String?
            let refusal: String?
        }

        init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            // Azure's annotation frames have no delta at all.
            let delta = try container.decodeIfPresent(Delta.self, forKey: .delta)
            text = (delta?.content ?? "") + (delta?.refusal ?? "")
            index = try container.decodeIfPresent(Int.self, forKey: .index) ?? 0
            let reason = try container.decodeIfPresent(String.self, forKey: .finishReason)
            finishReason = reason == "" ? nil : reason
        }
    }

    private struct Usage: Decodable {
        let promptTokens: Int?
        let completionTokens: Int?
        let totalTokens: Int?

        enum CodingKeys: String, CodingKey {
            case promptTokens = "prompt_tokens"
            case completionTokens = "completion_tokens"
            case totalTokens = "total_tokens"
        }
    }

    /// Empty in frames that only carry usage or the filter's opinion of the prompt.
    let choices: [Choice]
    let usage: TokenUsage?
    /// What the server says went wrong, when this frame is not part of a reply.
    let error: UpstreamError?

    private enum CodingKeys: String, CodingKey {
        case choices
        case usage
        case error
        case message
    }

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        let choices = try container.decodeIfPresent([Choice].self, forKey: .choices)
        self.choices = choices ?? []
        usage = try container.decodeIfPresent(Usage.self, forKey: .usage).map { usage in
            let prompt = usage.promptTokens ?? 0
            let completion = usage.completionTokens ?? 0
            return TokenUsage(
                promptTokens: prompt, completionTokens: completion,
                totalTokens: usage.totalTokens ?? prompt + completion)
        }
        if container.contains(.error), try !container.decodeNil(forKey: .error) {
            error = try UpstreamError(from: decoder)
        } else if choices == nil, container.contains(.message) {
            // Older vLLM writes the members of the error where those of the chunk should be.
            error = try UpstreamError(from: decoder)
        } else {
            error = nil
        }
    }
}
