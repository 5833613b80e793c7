import ChatModels
import NIOCore
import Testing

extension ChatModel {
    /// Asks and returns the pieces of the reply with its end.
    func pieces(_ prompt: String) async throws -> (pieces: [String], end: ChatReplyEnd) {
        var pieces: [String] = []
        let end = try await reply(to: ChatRequest(messages: [ChatMessage(role: .user, text: prompt)])) { update in
            if case .text(let text) = update { pieces.append(String(buffer: text)) }
        }
        return (pieces, end)
    }

    /// Asks, expecting that the model fails.
    func failure(_ prompt: String = "Hi") async throws -> ChatModelError {
        try await #require(throws: ChatModelError.self) { try await pieces(prompt) }
    }
}

/// Waits until something is so; the suite's time limit is the bound.
func eventually(_ condition: () async -> Bool) async throws {
    while await !condition() {
        try await Task.sleep(for: .milliseconds(2))
    }
}
