/// Why a model gave no reply, or not a whole one, in words that may be shown to a client.
///
/// Neither ``code`` nor ``message`` ever holds a key, an address, a stack or text that came from the model's server.
public struct ChatModelError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What went wrong, as a short word that clients may compare.
    public struct Code: Sendable, Hashable, RawRepresentable, CustomStringConvertible {
        public let rawValue: String

        public init(rawValue: String) {
            self.rawValue = rawValue
        }

        public var description: String { rawValue }

        /// The model could not be reached, or said that it cannot serve now.
        public static let unavailable = Code(rawValue: "model_unavailable")
        /// The model was reached but stayed silent for too long.
        public static let timeout = Code(rawValue: "model_timeout")
        /// The model refused more requests for now.
        public static let rateLimited = Code(rawValue: "rate_limited")
        /// The account behind the model has used up what it may use.
        public static let quotaExceeded = Code(rawValue: "quota_exceeded")
        /// A content filter refused the prompt.
        public static let contentFilter = Code(rawValue: "content_filter")
        /// The model refused the server's credentials.
        public static let unauthorized = Code(rawValue: "model_auth")
        /// The model, deployment or path that is configured does not exist.
        public static let notFound = Code(rawValue: "model_not_found")
        /// The conversation is longer than the model can read.
        public static let contextLength = Code(rawValue: "context_length")
        /// The model refused the request for another reason.
        public static let badRequest = Code(rawValue: "model_bad_request")
        /// The reply broke off before the model finished it.
        public static let truncated = Code(rawValue: "model_truncated")
        /// The model answered something that is not a reply.
        public static let badResponse = Code(rawValue: "model_bad_response")
        /// The model failed while it was replying.
        public static let failed = Code(rawValue: "model_error")
    }

    public var code: Code
    /// One sentence for the person who asked.
    public var message: String
    /// Whether asking again later may help.
    public var retryable: Bool
    /// How long the model asked to wait before the next try.
    public var retryAfter: Duration?
    /// The request came to nothing before the model did anything, so the same one may be made again for the same reply.
    public var wasRefused: Bool
    /// What a content filter found, in its own words, such as `violence`.
    public var categories: [String]

    public init(
        code: Code, message: String, retryable: Bool, retryAfter: Duration? = nil, wasRefused: Bool = false,
        categories: [String] = []
    ) {
        self.code = code
        self.message = message
        self.retryable = retryable
        self.retryAfter = retryAfter
        self.wasRefused = wasRefused
        self.categories = categories
    }

    public var description: String { "\(code): \(message)" }
}
