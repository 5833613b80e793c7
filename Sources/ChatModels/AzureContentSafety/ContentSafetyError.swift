/// Why Azure AI Content Safety has not judged a text. Says nothing of the text, nor where the service is.
public enum ContentSafetyError: Error, Sendable, Hashable, CustomStringConvertible {
    case unreachable
    case timeout
    /// - Parameters:
    ///   - status: Of HTTP.
    ///   - code: The service's word for it, where it is one.
    ///   - retryAfter: How long it asks to wait.
    case refused(status: Int, code: String?, retryAfter: Duration?)
    case unreadable
    case noCredential
    case shutDown

    public var description: String {
        switch self {
        case .unreachable: "the service cannot be reached"
        case .timeout: "the service did not answer in time"
        case .refused(let status, let code, _): "the service answered \(status)" + (code.map { " (\($0))" } ?? "")
        case .unreadable: "the service answered something that is no analysis"
        case .noCredential: "there are no credentials for the service"
        case .shutDown: "the filter is shut down"
        }
    }

    /// Whether the same request may come to something later.
    var mayRetry: Bool {
        switch self {
        case .unreachable, .timeout: true
        case .refused(let status, _, _): ChatModelError(UpstreamFailure(status: status)).wasRefused
        case .unreadable, .noCredential, .shutDown: false
        }
    }

    var retryAfter: Duration? {
        if case .refused(_, _, let hint) = self { hint } else { nil }
    }

    var isUnauthorized: Bool {
        if case .refused(401, _, _) = self { true } else { false }
    }
}
