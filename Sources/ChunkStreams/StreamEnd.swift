/// How a stream ended, and what its text was: enough for anyone to prove that nothing was lost.
public struct StreamEnd: Sendable, Equatable {
    /// Why there is no more text.
    public var finish: StreamFinish
    /// How many chunks the text has.
    public var chunks: UInt64
    /// How many bytes of UTF-8 the text has.
    public var bytes: UInt64
    /// The SHA-256 of the text, 32 bytes.
    public var sha256: [UInt8]
    /// What the model counted, where it did.
    public var usage: StreamUsage?

    /// Creates an end.
    public init(finish: StreamFinish, chunks: UInt64, bytes: UInt64, sha256: [UInt8], usage: StreamUsage? = nil) {
        self.finish = finish
        self.chunks = chunks
        self.bytes = bytes
        self.sha256 = sha256
        self.usage = usage
    }
}

/// Why a stream has no more text.
public enum StreamFinish: Sendable, Equatable {
    /// The model finished.
    case completed
    /// The owner stopped it.
    case stopped
    /// A content filter stopped it.
    case filtered
    /// It failed.
    case failed(StreamProblem)
}

/// A failure as clients are told of it: no key, no address, no stack.
public struct StreamProblem: Error, Sendable, Equatable {
    /// A word that programs compare, such as `model_timeout`.
    public var code: String
    /// A sentence that people read.
    public var message: String
    /// Whether asking again may help.
    public var retryable: Bool
    /// How long to wait before asking again.
    public var retryAfter: Duration?
    /// What a content filter found, in its own words.
    public var categories: [String]

    /// Creates a problem.
    public init(
        code: String, message: String, retryable: Bool, retryAfter: Duration? = nil, categories: [String] = []
    ) {
        self.code = code
        self.message = message
        self.retryable = retryable
        self.retryAfter = retryAfter
        self.categories = categories
    }
}

/// What a model counted for one reply, in tokens.
public struct StreamUsage: Sendable, Equatable {
    /// Tokens of the prompt and what was sent with it.
    public var inputTokens: UInt32
    /// Tokens of the reply.
    public var outputTokens: UInt32
    /// Of the input tokens, those that the model's server had in a cache, where it told.
    public var cachedInputTokens: UInt32?
    /// Of the output tokens, those of hidden reasoning, where it told.
    public var reasoningTokens: UInt32?

    /// Creates counts.
    public init(
        inputTokens: UInt32, outputTokens: UInt32, cachedInputTokens: UInt32? = nil, reasoningTokens: UInt32? = nil
    ) {
        self.inputTokens = inputTokens
        self.outputTokens = outputTokens
        self.cachedInputTokens = cachedInputTokens
        self.reasoningTokens = reasoningTokens
    }
}
