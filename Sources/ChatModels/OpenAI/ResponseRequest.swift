import FoundationEssentials

/// The body of a request to the Responses API for a streamed reply that the server does not keep.
struct ResponseRequest: Encodable {
    private struct Message: Encodable {
        let role: ChatMessage.Role
        let content: String
    }

    private struct Reasoning: Encodable {
        let effort: String
    }

    private let model: String
    private let input: [Message]
    private let stream = true
    private let store = false
    private let temperature: Double?
    private let topP: Double?
    private let maxOutputTokens: Int?
    private let reasoning: Reasoning?

    private enum CodingKeys: String, CodingKey {
        case model
        case input
        case stream
        case store
        case temperature
        case topP = "top_p"
        case maxOutputTokens = "max_output_tokens"
        case reasoning
    }

    init(_ request: ChatRequest, model: String) {
        self.model = model
        input = request.messages.map { Message(role: $0.role, content: $0.text) }
        let options = request.options
        temperature = options.temperature
        topP = options.topP
        maxOutputTokens = options.maxOutputTokens
        reasoning = options.reasoningEffort.map(Reasoning.init)
    }
}
