/// A conversation that a model shall reply to.
public struct ChatRequest: Sendable, Hashable {
    /// The messages, oldest first. A system prompt is the first of them.
    public var messages: [ChatMessage]

    public init(messages: [ChatMessage]) {
        self.messages = messages
    }

    /// The text of the last user message, empty when there is none.
    public var prompt: String {
        messages.last { $0.role == .user }?.text ?? ""
    }
}

/// One message of a conversation.
public struct ChatMessage: Sendable, Hashable {
    /// Who wrote a message.
    public enum Role: String, Sendable, Hashable, Encodable {
        case system
        case user
        case assistant
    }

    public var role: Role
    public var text: String

    public init(role: Role, text: String) {
        self.role = role
        self.text = text
    }
}
