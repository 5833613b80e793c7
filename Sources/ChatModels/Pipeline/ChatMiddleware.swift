/// Something around a model: it may change the request, look at, change or hold back the reply, ask again, or answer itself.
public protocol ChatMiddleware: Sendable {
    /// Replies like ``ChatModel/reply(to:receive:)``, with the help of the model behind.
    ///
    /// It may call `receive` only from the calling task, must not gather a reply without bound, and has to let through what
    /// is thrown when the task is cancelled.
    ///
    /// - Parameter next: The rest of the pipeline.
    func reply(
        to request: ChatRequest, from next: any ChatModel, receive: (ChatUpdate) async throws -> Void
    ) async throws -> ChatReplyEnd
}

extension ChatModel {
    /// This model behind middleware. The first one is outermost: it sees a request first and a reply last.
    public func with(_ middleware: any ChatMiddleware...) -> any ChatModel { with(middleware) }

    /// This model behind middleware. The first one is outermost: it sees a request first and a reply last.
    public func with(_ middleware: [any ChatMiddleware]) -> any ChatModel {
        middleware.reversed().reduce(self as any ChatModel) { ChatModelBehind(middleware: $1, next: $0) }
    }
}

private struct ChatModelBehind: ChatModel {
    let middleware: any ChatMiddleware
    let next: any ChatModel

    var metadata: ChatModelMetadata { next.metadata }

    func reply(to request: ChatRequest, receive: (ChatUpdate) async throws -> Void) async throws -> ChatReplyEnd {
        try await middleware.reply(to: request, from: next, receive: receive)
    }
}
