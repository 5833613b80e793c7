/// A model that answers `You said: PROMPT`, a word at a time and as fast as it is received.
public struct EchoModel: ChatModel {
    public init() {}

    public func reply(
        to request: ChatRequest, receive: (ChatUpdate) async throws -> Void
    ) async throws -> ChatReplyEnd {
        for word in Words("You said: \(request.prompt)") {
            try Task.checkCancellation()
            try await receive(.text(word))
        }
        return ChatReplyEnd(finish: .stop)
    }
}
