/// Something that turns a conversation into a stream of text updates: a remote model, or one of the built-in ones. Middleware
/// is put around it by ``with(_:)-(any_ChatMiddleware...)``.
///
/// A model may be asked for many replies at once.
public protocol ChatModel: Sendable {
    /// Whose model it is, for logs and telemetry.
    var metadata: ChatModelMetadata { get }

    /// Streams the reply to a conversation and returns when the model has finished.
    ///
    /// - Parameters:
    ///   - request: The conversation to reply to.
    ///   - receive: Called in order, from the calling task, with every piece of the reply. While it has not returned, no more
    ///     of the model's response is read: suspending in it is the back-pressure. What it throws ends the reply and is
    ///     rethrown.
    /// - Returns: Why the model finished and, when it told, the tokens it counted.
    /// - Throws: ``ChatModelError`` when the model failed; `CancellationError` when the calling task was cancelled, the
    ///   request to a remote model is then closed at once.
    func reply(to request: ChatRequest, receive: (ChatUpdate) async throws -> Void) async throws -> ChatReplyEnd
}

extension ChatModel {
    /// A model of nobody known.
    public var metadata: ChatModelMetadata { ChatModelMetadata(provider: "custom") }
}

/// Whose model it is and where.
public struct ChatModelMetadata: Sendable, Hashable {
    /// Whose API it is, in OpenTelemetry's words for `gen_ai.provider.name`, such as `openai` or `azure.ai.openai`.
    public var provider: String
    /// The model that is asked where a request names no other.
    public var defaultModelID: String?
    /// The host that is asked, `nil` for a model of this process.
    public var serverAddress: String?
    public var serverPort: Int?

    public init(
        provider: String, defaultModelID: String? = nil, serverAddress: String? = nil, serverPort: Int? = nil
    ) {
        self.provider = provider
        self.defaultModelID = defaultModelID
        self.serverAddress = serverAddress
        self.serverPort = serverPort
    }
}
