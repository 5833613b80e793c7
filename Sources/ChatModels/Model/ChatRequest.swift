/// A conversation that a model shall reply to.
public struct ChatRequest: Sendable, Hashable {
    /// The messages, oldest first. A system prompt is the first of them.
    public var messages: [ChatMessage]
    public var options: ChatOptions

    public init(messages: [ChatMessage], options: ChatOptions = ChatOptions()) {
        self.messages = messages
        self.options = options
    }

    /// The text of the last user message, empty when there is none.
    public var prompt: String {
        messages.last { $0.role == .user }?.text ?? ""
    }
}

/// One message of a conversation.
public struct ChatMessage: Sendable, Hashable {
    /// Who wrote a message: an open set of words, as models add their own.
    public struct Role: Sendable, Hashable, RawRepresentable, Codable {
        public let rawValue: String

        public init(rawValue: String) {
            self.rawValue = rawValue
        }

        public static let system = Role(rawValue: "system")
        public static let user = Role(rawValue: "user")
        public static let assistant = Role(rawValue: "assistant")
    }

    public var role: Role
    /// Who of several wrote it, for models that tell them apart.
    public var authorName: String?
    public var text: String

    public init(role: Role, authorName: String? = nil, text: String) {
        self.role = role
        self.authorName = authorName
        self.text = text
    }
}
