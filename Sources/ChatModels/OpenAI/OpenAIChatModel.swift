public import AsyncHTTPClient
import FoundationEssentials
public import Logging
public import NIOCore
import NIOHTTP1

/// A model behind an OpenAI-compatible chat completions or responses API, Azure OpenAI's included, read as a stream.
///
/// A request that fails is not made again: that is for ``RetryMiddleware``. Only one that is refused for a token or a key that may
/// change is, once. Redirects are not followed, so no secret ever leaves the configured server. Logs tell requests with their
/// status and the server's request ids, neither prompts nor keys.
///
/// ``shutdown()`` must be called before the last reference is dropped.
public final class OpenAIChatModel: ChatModel {
    public let metadata: ChatModelMetadata
    let configuration: Configuration
    let client: HTTPClient
    let logger: Logger
    /// Everything of a request but its secret and its body.
    private let template: HTTPClient.Request

    /// - Parameters:
    ///   - configuration: Where the model is and how long to wait for it.
    ///   - eventLoopGroup: Runs the connections; it is not shut down by ``shutdown()``.
    ///   - logger: Requests are logged at debug level.
    /// - Throws: ``ConfigurationError``.
    public init(
        configuration: Configuration, eventLoopGroup: any EventLoopGroup = HTTPClient.defaultEventLoopGroup,
        logger: Logger
    ) throws(ConfigurationError) {
        self.configuration = configuration
        self.logger = logger
        let url = try configuration.endpoint.url(of: configuration.api)
        if case .key(let key) = configuration.credential {
            _ = try configuration.endpoint.authorization(key, isToken: false)
        }
        // No accept-encoding: compressed events are buffered by whatever compresses them.
        let headers: HTTPHeaders = ["content-type": "application/json", "accept": "text/event-stream"]
        do {
            self.template = try HTTPClient.Request(url: url, method: .POST, headers: headers)
        } catch {
            throw ConfigurationError(part: .endpoint, description: "is not a URL that requests can be made to")
        }
        metadata = ChatModelMetadata(
            provider: configuration.endpoint.isAzure ? "azure.ai.openai" : "openai",
            defaultModelID: configuration.endpoint.model, serverAddress: template.host, serverPort: template.port)
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
        upstreamRequest.body = .data(try body(of: request))
        let secret = try await authorize(&upstreamRequest, refused: nil)
        var hasBegun = false
        do {
            return try await attempt(upstreamRequest) {
                hasBegun = true
                try await receive($0)
            }
        } catch let error as ChatModelError
            where error == ChatModelError(.unauthorized) && !hasBegun && configuration.credential.mayChange
        {
            guard try await authorize(&upstreamRequest, refused: secret) != secret else { throw error }
            return try await attempt(upstreamRequest, receive: receive)
        }
    }

    private func body(of request: ChatRequest) throws -> Data {
        let model = request.options.modelID ?? configuration.endpoint.model
        let encoder = JSONEncoder()
        // The same request has the same bytes, also for caches on the way.
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return switch configuration.api {
        case .responses:
            try encoder.encode(ResponseRequest(request, model: model))
        case .chatCompletions:
            try encoder.encode(
                ChatCompletionRequest(
                    request, model: configuration.endpoint.isModelInPath(of: .chatCompletions) ? nil : model))
        }
    }

    /// Puts the secret of now into a request.
    ///
    /// - Parameter refused: The one that the server has just refused.
    private func authorize(_ request: inout HTTPClient.Request, refused: APIKey?) async throws -> APIKey? {
        let secret: APIKey?
        do {
            secret = try await configuration.credential.secret(refused: refused)
            guard let secret else { return nil }
            let (name, value) = try configuration.endpoint.authorization(
                secret, isToken: configuration.credential.isToken)
            request.headers.replaceOrAdd(name: name, value: value)
        } catch is CancellationError {
            throw CancellationError()
        } catch {
            // What a credential says of itself names no secret, but nothing of it is for clients.
            logger.error("No credential for the model", metadata: ["error": "\(error)"])
            throw ChatModelError(.noCredential)
        }
        return secret
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
