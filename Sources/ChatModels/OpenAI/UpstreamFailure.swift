import AsyncHTTPClient

extension ChatModelError {
    /// A refusal by status code, and by what the body says.
    ///
    /// - Parameters:
    ///   - status: Of the response, or as told by an error inside a stream; nil when that tells none.
    ///   - upstream: What the server says, nil when it is nothing readable.
    init(status: Int?, upstream: UpstreamError?) {
        let words = [upstream?.code, upstream?.type]
        let kind: UpstreamFailure =
            if upstream?.isFiltered == true {
                .contentFilter
            } else if words.contains("insufficient_quota") {
                .quotaExceeded
            } else if words.contains("context_length_exceeded") || words.contains("exceed_context_size_error") {
                .contextLength
            } else {
                status.map(UpstreamFailure.init(status:)) ?? UpstreamFailure(words: words)
            }
        self.init(kind)
        categories = kind == .contentFilter ? upstream?.categories ?? [] : []
    }

    /// A connection that could not be made, or that broke.
    ///
    /// - Parameter answered: Whether the response had begun.
    init(transport error: any Error, answered: Bool) {
        switch error {
        case let failure as ChatModelError: self = failure
        case let error as HTTPClientError where error == .alreadyShutdown: self.init(.shutDown)
        default: self.init(answered ? .connectionLost : .unreachable)
        }
    }

    init(_ kind: UpstreamFailure) {
        let (code, message, retryable) = kind.facts
        self.init(code: code, message: message, retryable: retryable, wasRefused: retryable && kind.isRefusal)
    }
}

/// The failures of requests to a model's server that are told apart.
enum UpstreamFailure: Hashable {
    case unreachable
    case connectionLost
    case firstByteTimeout
    case silence
    case truncated
    case unreadable
    case redirect
    case unavailable
    case busy
    case timeout
    case rateLimited
    case quotaExceeded
    case contentFilter
    case unfiltered
    case contextLength
    case unauthorized
    case forbidden
    case noCredential
    case notFound
    case badRequest
    case failed
    case shutDown

    init(status: Int) {
        self =
            switch status {
            case 300..<400: .redirect
            case 401: .unauthorized
            case 403: .forbidden
            case 404: .notFound
            case 408: .timeout
            case 409: .busy
            case 424: .failed
            case 429: .rateLimited
            case 400..<500: .badRequest
            case 500...: .unavailable
            default: .unreadable
            }
    }

    /// An error inside a stream that names no status.
    init(words: [String?]) {
        self =
            if words.contains("rate_limit_exceeded") || words.contains("RateLimitReached") {
                .rateLimited
            } else if words.contains("overloaded_error") || words.contains("unavailable_error") {
                .unavailable
            } else if words.contains("invalid_request_error") || words.contains("BadRequestError") {
                .badRequest
            } else {
                .failed
            }
    }

    /// Whether the server, or the way to it, refused the request before the model did anything.
    fileprivate var isRefusal: Bool {
        switch self {
        case .unreachable, .connectionLost, .unavailable, .busy, .timeout, .rateLimited: true
        case .firstByteTimeout, .silence, .truncated, .unreadable, .redirect, .quotaExceeded, .contentFilter,
            .unfiltered,
            .contextLength, .unauthorized, .forbidden, .noCredential, .notFound, .badRequest, .failed, .shutDown:
            false
        }
    }

    /// What clients are told.
    fileprivate var facts: (ChatModelError.Code, message: String, retryable: Bool) {
        switch self {
        case .unreachable: (.unavailable, "The model cannot be reached.", true)
        case .connectionLost: (.unavailable, "The connection to the model was lost.", true)
        case .firstByteTimeout: (.timeout, "The model did not begin to reply in time.", true)
        case .silence: (.timeout, "The model fell silent in the middle of the reply.", true)
        case .truncated: (.truncated, "The reply broke off before its end.", true)
        case .unreadable: (.badResponse, "The model answered something that is not a reply.", false)
        case .redirect: (.badResponse, "The model answered with a redirect, which is not followed.", false)
        case .unavailable: (.unavailable, "The model is not available now.", true)
        case .busy: (.unavailable, "The model is busy.", true)
        case .timeout: (.timeout, "The model took too long.", true)
        case .rateLimited: (.rateLimited, "The model gets more requests than it allows.", true)
        case .quotaExceeded: (.quotaExceeded, "The quota of the model is used up.", false)
        case .contentFilter: (.contentFilter, "The prompt was refused by the content filter.", false)
        case .unfiltered: (.contentFilter, "The content filter could not look at the text.", true)
        case .contextLength: (.contextLength, "The conversation is too long for the model.", false)
        case .unauthorized: (.unauthorized, "The model refused the server's credentials.", false)
        case .forbidden: (.unauthorized, "The server may not ask the model.", false)
        case .noCredential: (.unauthorized, "The server has no credentials for the model right now.", true)
        case .notFound: (.notFound, "The configured model does not exist.", false)
        case .badRequest: (.badRequest, "The model refused the request.", false)
        case .failed: (.failed, "The model failed while it was replying.", true)
        case .shutDown: (.unavailable, "The server is shutting down.", true)
        }
    }
}
