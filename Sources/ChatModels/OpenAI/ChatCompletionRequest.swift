import FoundationEssentials

/// The body of a request for a streamed chat completion, with no more members than every server understands.
struct ChatCompletionRequest: Encodable {
    private struct Message: Encodable {
        let role: ChatMessage.Role
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

    private enum CodingKeys: String, CodingKey {
        case model
        case messages
        case stream
        case streamOptions = "stream_options"
    }

    init(_ request: ChatRequest, model: String?) {
        self.model = model
        self.messages = request.messages.map { Message(role: $0.role, content: $0.text) }
    }

    func encoded() throws -> Data {
        try JSONEncoder().encode(self)
    }
}
