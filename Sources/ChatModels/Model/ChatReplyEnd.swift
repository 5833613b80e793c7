/// How a reply ended that a model finished by itself.
public struct ChatReplyEnd: Sendable, Hashable {
    /// Why a model stopped writing.
    public enum FinishReason: Sendable, Hashable {
        /// The reply is complete.
        case stop
        /// A token limit cut the reply.
        case length
        /// A content filter cut the reply.
        case contentFilter
        /// Anything else, in the model's own word.
        case other(String)
    }

    public var finish: FinishReason
    /// What the model counted, when it told.
    public var usage: TokenUsage?

    public init(finish: FinishReason, usage: TokenUsage? = nil) {
        self.finish = finish
        self.usage = usage
    }
}

/// The tokens that one reply used, as counted by the model.
public struct TokenUsage: Sendable, Hashable, Codable {
    public var promptTokens: Int
    public var completionTokens: Int
    public var totalTokens: Int

    public init(promptTokens: Int, completionTokens: Int, totalTokens: Int) {
        self.promptTokens = promptTokens
        self.completionTokens = completionTokens
        self.totalTokens = totalTokens
    }
}
