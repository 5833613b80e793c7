/// Something that turns a conversation into a stream of text updates: a remote model, or one of the built-in ones.
///
/// A model may be asked for many replies at once.
public protocol ChatModel: Sendable {
    /// Streams the reply to a conversation and returns when the model has finished.
    ///
    /// - Parameters:
    ///   - request: The conversation to reply to.
    ///   - receive: Called in order, from the calling task, with every piece of text. While it has not returned, no more
    ///     of the model's response is read: suspending in it is the back-pressure. What it throws ends the reply and is
    ///     rethrown.
    /// - Returns: Why the model finished and, when it told, the tokens it counted.
    /// - Throws: ``ChatModelError`` when the model failed; `CancellationError` when the calling task was cancelled, the
    ///   request to a remote model is then closed at once.
    func reply(to request: ChatRequest, receive: (ChatUpdate) async throws -> Void) async throws -> ChatReplyEnd
}
