import FoundationEssentials

/// The body of a request for a streamed chat completion, with no more members than were asked for: Azure refuses what it does
/// not know, and small servers know few.
struct ChatCompletionRequest: Encodable {
    private struct Message: Encodable {
        let role: ChatMessage.Role
        let name: String?
        let content: String
    }

    private struct StreamOptions: Encodable {
        let includeUsage = true

        enum CodingKeys: String, CodingKey {
            case includeUsage = "include_usage"
        }
    }

    private let model: String?
    private let messages: [Message]
    private let stream = true
    private let streamOptions = StreamOptions()
    private let temperature: Double?
    private let topP: Double?
    private let maxCompletionTokens: Int?
    private let stop: [String]?
    private let frequencyPenalty: Double?
    private let presencePenalty: Double?
    private let seed: Int?
    private let reasoningEffort: String?

    private enum CodingKeys: String, CodingKey {
        case model
        case messages
        case stream
        case streamOptions = "stream_options"
        case temperature
        case topP = "top_p"
        case maxCompletionTokens = "max_completion_tokens"
        case stop
        case frequencyPenalty = "frequency_penalty"
        case presencePenalty = "presence_penalty"
        case seed
        case reasoningEffort = "reasoning_effort"
    }

    /// - Parameter model: Which model, `nil` where the path names it.
    init(_ request: ChatRequest, model: String?) {
        self.model = model
        messages = request.messages.map { Message(role: $0.role, name: $0.authorName, content: $0.text) }
        let options = request.options
        temperature = options.temperature
        topP = options.topP
        maxCompletionTokens = options.maxOutputTokens
        stop = options.stopSequences.isEmpty ? nil : options.stopSequences
        frequencyPenalty = options.frequencyPenalty
        presencePenalty = options.presencePenalty
        seed = options.seed
        reasoningEffort = options.reasoningEffort
    }
}
