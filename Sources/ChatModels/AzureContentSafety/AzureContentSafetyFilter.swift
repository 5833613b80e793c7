public import AsyncHTTPClient
import FoundationEssentials
public import Logging
public import NIOCore
import NIOHTTP1

/// Azure AI Content Safety's text analysis: what is hateful, sexual, violent or about self-harm is blocked from a severity on, as is
/// what block lists of the resource have.
///
/// The service tells no places, so the whole text that was looked at is blocked, but what was passed before. Requests that are refused
/// for a while are made again with the delays of ``RetryPolicy``, and once with another token or key where that may change. Redirects
/// are not followed.
///
/// ``shutdown()`` must be called before the last reference is dropped.
public final class AzureContentSafetyFilter: ContentFilter {
    /// Unicode scalars that one request may have.
    private static let maximumScalars = 10_000
    /// How much of a longer text is looked at twice.
    private static let overlap = 200
    /// Bytes of an answer that are read.
    private static let maximumAnswer = 64 * 1024

    public let lookbackBytes: Int
    public let pace: ContentFilterPace

    private let configuration: Configuration
    private let url: String
    private let client: HTTPClient
    private let logger: Logger

    /// - Parameters:
    ///   - eventLoopGroup: Runs the connections; it is not shut down by ``shutdown()``.
    ///   - logger: Requests are logged at debug level, with their status and the service's ids, without text or keys.
    /// - Throws: ``ConfigurationError``.
    public init(
        configuration: Configuration, eventLoopGroup: any EventLoopGroup = HTTPClient.defaultEventLoopGroup,
        logger: Logger
    ) throws(ConfigurationError) {
        guard let endpoint = EndpointURL(configuration.endpoint) else {
            throw .init(part: .endpoint, description: EndpointURL.expectation)
        }
        guard !configuration.thresholds.isEmpty || !configuration.blocklists.isEmpty else {
            throw .init(
                part: .thresholds, description: "nothing is blocked: there is neither a category nor a block list")
        }
        if case .key(let key) = configuration.credential, !key.isHeaderValue {
            throw .init(part: .key, description: "the key is empty or has characters that no key has")
        }
        self.configuration = configuration
        self.logger = logger
        lookbackBytes = max(configuration.lookbackBytes, 0)
        pace = .gathered(bytes: configuration.pieceBytes, interval: configuration.interval)
        url = endpoint.base + "/contentsafety/text:analyze?api-version=" + configuration.apiVersion.percentEncoded
        var options = HTTPClient.Configuration(
            redirectConfiguration: .disallow, timeout: .init(connect: .seconds(5)),
            connectionPool: .init(idleTimeout: .seconds(60)))
        options.httpVersion = .http1Only
        options.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = configuration.maximumConnections
        // Retries are this filter's, with its delays.
        options.connectionPool.retryConnectionEstablishment = false
        client = HTTPClient(eventLoopGroupProvider: .shared(eventLoopGroup), configuration: options)
    }

    /// Ends the requests under way and closes the connections.
    public func shutdown() async throws {
        try await client.shutdown()
    }

    /// - Throws: ``ContentSafetyError`` or `CancellationError`.
    public func firstViolation(in excerpt: ContentExcerpt) async throws -> ContentViolation? {
        let text = excerpt.text
        for piece in OverlappingPieces(text, size: Self.maximumScalars, overlap: Self.overlap) {
            if let category = try await analysis(of: piece).blockedCategory(configuration) {
                let start = text.utf8.distance(from: text.startIndex, to: piece.startIndex)
                return ContentViolation(category: category, start: start)
            }
        }
        return nil
    }

    private func analysis(of text: Substring) async throws -> TextAnalysis {
        let body = try JSONEncoder().encode(TextAnalysisRequest(text: String(text), configuration: configuration))
        let begin = ContinuousClock.now
        var secret = try await secret(refused: nil)
        var mayChange = configuration.credential.mayChange
        var retry = 1
        while true {
            let failure: ContentSafetyError
            do { return try await attempt(body, secret) } catch let error as ContentSafetyError { failure = error }
            if failure.isUnauthorized, mayChange {
                mayChange = false
                let other = try await self.secret(refused: secret)
                guard other != secret else { throw failure }
                secret = other
                continue
            }
            guard failure.mayRetry,
                let delay = configuration.retries.delay(
                    beforeRetry: retry, hint: failure.retryAfter, elapsed: begin.duration(to: .now),
                    jitter: Double.random(in: 0..<1))
            else { throw failure }
            try await Task.sleep(for: delay)
            retry += 1
        }
    }

    private func attempt(_ body: Data, _ secret: APIKey?) async throws -> TextAnalysis {
        var request = HTTPClientRequest(url: url)
        request.method = .POST
        request.headers = ["content-type": "application/json", "accept": "application/json"]
        if let secret {
            let isToken = configuration.credential.isToken
            request.headers.add(
                name: isToken ? "authorization" : "ocp-apim-subscription-key",
                value: isToken ? "Bearer \(secret.value)" : secret.value)
        }
        request.body = .bytes(ByteBuffer(bytes: body))
        let response: HTTPClientResponse
        let answer: ByteBuffer
        do {
            response = try await client.execute(request, timeout: TimeAmount(configuration.timeout))
            answer = try await response.body.collect(upTo: Self.maximumAnswer)
        } catch {
            try Task.checkCancellation()
            throw ContentSafetyError(error)
        }
        let head = HTTPResponseHead(version: response.version, status: response.status, headers: response.headers)
        logger.debug("Content safety answered", metadata: head.logMetadata)
        guard response.status == .ok else {
            throw ContentSafetyError.refused(
                status: Int(response.status.code), code: UpstreamError(body: answer.readableBytesView)?.plainCode,
                retryAfter: response.headers.retryHint(now: Date()))
        }
        guard let analysis = try? JSONDecoder().decode(TextAnalysis.self, from: Data(answer.readableBytesView)) else {
            throw ContentSafetyError.unreadable
        }
        return analysis
    }

    private func secret(refused: APIKey?) async throws -> APIKey? {
        do {
            let secret = try await configuration.credential.secret(refused: refused)
            guard secret?.isHeaderValue != false else { throw ContentSafetyError.noCredential }
            return secret
        } catch {
            try Task.checkCancellation()
            // What a credential says of itself names no secret.
            logger.error("No credential for content safety", metadata: ["error": "\(error)"])
            throw ContentSafetyError.noCredential
        }
    }
}

extension ContentSafetyError {
    fileprivate init(_ error: any Error) {
        self =
            switch error as? HTTPClientError {
            case .deadlineExceeded, .readTimeout, .connectTimeout: .timeout
            case .alreadyShutdown: .shutDown
            default: error is NIOTooManyBytesError ? .unreadable : .unreachable
            }
    }
}

extension UpstreamError {
    /// The code, where it is a word of the kind that services have.
    fileprivate var plainCode: String? {
        code.flatMap { $0.utf8.count <= 64 && $0.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber) } ? $0 : nil }
    }
}
