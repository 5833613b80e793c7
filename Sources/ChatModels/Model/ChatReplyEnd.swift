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
    /// The name that the model's server gave to the reply, when it did.
    public var responseID: String?
    /// The model that replied, when it told: often a dated name of the one that was asked for.
    public var modelID: String?

    public init(
        finish: FinishReason, usage: TokenUsage? = nil, responseID: String? = nil, modelID: String? = nil
    ) {
        self.finish = finish
        self.usage = usage
        self.responseID = responseID
        self.modelID = modelID
    }
}

/// The tokens that one reply used, as counted by the model.
public struct TokenUsage: Sendable, Hashable {
    /// Of the conversation that it replied to.
    public var inputTokens: Int
    /// Of the reply, hidden reasoning included.
    public var outputTokens: Int
    public var totalTokens: Int
    /// Of the input, what the server had in a cache.
    public var cachedInputTokens: Int?
    /// Of the output, what was hidden reasoning.
    public var reasoningTokens: Int?

    public init(
        inputTokens: Int, outputTokens: Int, totalTokens: Int? = nil, cachedInputTokens: Int? = nil,
        reasoningTokens: Int? = nil
    ) {
        self.inputTokens = max(inputTokens, 0)
        self.outputTokens = max(outputTokens, 0)
        // What servers say may be any numbers.
        let (sum, overflow) = self.inputTokens.addingReportingOverflow(self.outputTokens)
        self.totalTokens = max(totalTokens ?? (overflow ? .max : sum), 0)
        self.cachedInputTokens = cachedInputTokens
        self.reasoningTokens = reasoningTokens
    }
}
