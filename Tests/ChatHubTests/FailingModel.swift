import ChatModels

/// A model that throws instead of replying.
struct FailingModel: ChatModel {
    static let away = ChatModelError(
        code: .unavailable, message: "The model cannot be reached.", retryable: true)

    let error: any Error

    func reply(to request: ChatRequest, receive: (ChatUpdate) async throws -> Void) async throws -> ChatReplyEnd {
        throw error
    }
}
