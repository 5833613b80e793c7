public import AsyncHTTPClient
import FoundationEssentials
public import Logging
public import NIOCore
import NIOHTTP1

/// A model behind an OpenAI-compatible chat completions API, Azure OpenAI's included, read as a stream.
///
/// A request that fails before its first text is made again as ``RetryPolicy`` says; one that fails later is not, because
/// its text would come twice. Redirects are not followed, so the key never leaves the configured server. Logs tell attempts
/// with their status and the server's request ids, neither prompts nor keys.
///
/// ``shutdown()`` must be called before the last reference is dropped.
public final class OpenAIChatModel: ChatModel {
    let configuration: Configuration
    let client: HTTPClient
    let logger: Logger
    /// Everything of a request but its body.
    private let template: HTTPClient.Request

    /// - Parameters:
    ///   - configuration: Where the model is and how long to wait for it.
    ///   - eventLoopGroup: Runs the connections; it is not shut down by ``shutdown()``.
    ///   - logger: Attempts are logged at debug level, retries and failures at info level.
    /// - Throws: ``ConfigurationError``.
    public init(
        configuration: Configuration, eventLoopGroup: any EventLoopGroup = HTTPClient.defaultEventLoopGroup,
        logger: Logger
    ) throws(ConfigurationError) {
        self.configuration = configuration
        self.logger = logger
        let url = try configuration.endpoint.url()
        // No accept-encoding: compressed events are buffered by whatever compresses them.
        var headers: HTTPHeaders = ["content-type": "application/json", "accept": "text/event-stream"]
        if let key = configuration.apiKey {
            let (name, value) = try configuration.endpoint.authorization(key)
            headers.add(name: name, value: value)
        }
        do {
            self.template = try HTTPClient.Request(url: url, method: .POST, headers: headers)
        } catch {
            throw ConfigurationError(part: .endpoint, description: "is not a URL that requests can be made to")
        }
        self.client = HTTPClient(
            eventLoopGroupProvider: .shared(eventLoopGroup), configuration: .init(chatModel: configuration))
    }

    /// Ends the requests under way and closes the connections.
    public func shutdown() async throws {
        try await client.shutdown()
    }

    public func reply(
        to request: ChatRequest, receive: (ChatUpdate) async throws -> Void
    ) async throws -> ChatReplyEnd {
        var upstreamRequest = template
        upstreamRequest.body = .data(try ChatCompletionRequest(request, model: configuration.endpoint.model).encoded())
        var retry = 1
        while true {
            var textHasBegun = false
            do {
                return try await attempt(upstreamRequest) {
                    textHasBegun = true
                    try await receive($0)
                }
            } catch let failure as AttemptFailure {
                let delay = textHasBegun || !failure.mayRetry ? nil : delay(beforeRetry: retry, failure)
                logger.info(
                    "Model request failed",
                    metadata: [
                        "code": "\(failure.error.code)", "attempt": "\(retry)", "retryIn": "\(delay, default: "-")",
                    ])
                guard let delay else { throw failure.error }
                try await Task.sleep(for: delay)
                retry += 1
            }
        }
    }

    private func delay(beforeRetry retry: Int, _ failure: AttemptFailure) -> Duration? {
        configuration.retry.delay(
            beforeRetry: retry, hint: failure.error.retryAfter, jitter: Double.random(in: 0..<1))
    }
}

extension HTTPClient.Configuration {
    fileprivate init(chatModel: OpenAIChatModel.Configuration) {
        self.init(
            // An api-key header would survive a redirect to another origin.
            redirectConfiguration: .disallow,
            timeout: Timeout(connect: TimeAmount(chatModel.timeouts.connect)),
            connectionPool: ConnectionPool(idleTimeout: .seconds(60)))
        // A connection for each reply: giving a reply up closes it at once, and no stream limit makes others wait.
        httpVersion = .http1Only
        connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = chatModel.maximumConnections
        // Retries are this module's, with its delays.
        connectionPool.retryConnectionEstablishment = false
    }
}
