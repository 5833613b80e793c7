/// One event of a streamed chat completion, read leniently: servers leave members out, add their own, and disagree on types.
struct ChatCompletionFrame: Decodable {
    struct Choice: Decodable {
        /// The text that this frame adds, empty when it adds none. A refusal is text too.
        let text: String
        let index: Int
        /// Nil while the model goes on; some servers write that as "".
        let finishReason: String?
        /// What Azure's filter says of this frame's text, or of earlier text where there are offsets.
        let filter: ContentFilterResults?
        let offsets: ContentFilterOffsets?

        private enum CodingKeys: String, CodingKey {
            case index
            case delta
            case finishReason = "finish_reason"
            case contentFilterResults = "content_filter_results"
            case contentFilterResult = "content_filter_result"
            case contentFilterOffsets = "content_filter_offsets"
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
            // What a filter says may take any shape; it must not make text unreadable.
            filter =
                [.contentFilterResults, .contentFilterResult].lazy.compactMap {
                    try? container.decodeIfPresent(ContentFilterResults.self, forKey: $0)
                }.first
            offsets = try? container.decodeIfPresent(ContentFilterOffsets.self, forKey: .contentFilterOffsets)
        }
    }

    /// `nil` where it is empty.
    let id: String?
    let model: String?
    /// Azure's first frame has the filter's opinion of the prompt.
    let hasPromptFilterResults: Bool

    /// Empty in frames that only carry usage or the filter's opinion of the prompt.
    let choices: [Choice]
    let usage: TokenUsage?
    /// What the server says went wrong, when this frame is not part of a reply.
    let error: UpstreamError?

    private enum CodingKeys: String, CodingKey {
        case id
        case model
        case promptFilterResults = "prompt_filter_results"
        case promptAnnotations = "prompt_annotations"
        case choices
        case usage
        case error
        case message
    }

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        let choices = try container.decodeIfPresent([Choice].self, forKey: .choices)
        self.choices = choices ?? []
        id = Self.word(container, .id)
        model = Self.word(container, .model)
        hasPromptFilterResults = container.contains(.promptFilterResults) || container.contains(.promptAnnotations)
        usage = try container.decodeIfPresent(UpstreamUsage.self, forKey: .usage)?.tokens
        if container.contains(.error), try !container.decodeNil(forKey: .error) {
            error = try UpstreamError(from: decoder)
        } else if choices == nil, container.contains(.message) {
            // Older vLLM writes the members of the error where those of the chunk should be.
            error = try UpstreamError(from: decoder)
        } else {
            error = nil
        }
    }

    private static func word(_ container: KeyedDecodingContainer<CodingKeys>, _ key: CodingKeys) -> String? {
        guard let word = try? container.decode(String.self, forKey: key), !word.isEmpty else { return nil }
        return word
    }
}
