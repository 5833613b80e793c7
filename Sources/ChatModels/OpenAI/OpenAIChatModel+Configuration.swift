extension OpenAIChatModel {
    /// Where the model is and how long to wait for it.
    public struct Configuration: Sendable {
        /// Which of a server's APIs is spoken.
        public enum API: String, Sendable, Hashable, CaseIterable {
            case chatCompletions = "chat-completions"
            case responses
        }

        /// The address of a chat completions or responses API.
        public enum Endpoint: Sendable, Hashable {
            /// An OpenAI-compatible server: `POST BASE/chat/completions` or `BASE/responses`, the key as bearer token.
            case openAI(baseURL: String, model: String)
            /// A deployment on Azure's classic paths, `POST ENDPOINT/openai/deployments/DEPLOYMENT/chat/completions` or
            /// `ENDPOINT/openai/responses`. Unless told, the version is the last that is generally available; of the responses
            /// API, which those do not have, the last preview.
            case azureDeployment(endpoint: String, deployment: String, apiVersion: String? = nil)
            /// Azure's v1 path: an endpoint ending in `/openai/v1`, with the deployment as the model.
            case azureV1(endpoint: String, deployment: String)

            /// Azure OpenAI, on the v1 path when the endpoint ends in `/openai/v1`, else on the classic path.
            ///
            /// - Parameter apiVersion: Of the classic path.
            public static func azure(endpoint: String, deployment: String, apiVersion: String? = nil) -> Endpoint {
                endpoint.withoutTrailingSlashes.hasSuffix("/openai/v1")
                    ? .azureV1(endpoint: endpoint, deployment: deployment)
                    : .azureDeployment(endpoint: endpoint, deployment: deployment, apiVersion: apiVersion)
            }
        }

        /// How long the model may take.
        public struct Timeouts: Sendable, Hashable {
            /// For the connection, TLS included.
            public var connect: Duration
            /// From the request to the first byte of the response's body.
            public var firstByte: Duration
            /// Between two pieces of the body, comments included.
            public var silence: Duration

            public init(
                connect: Duration = .seconds(10), firstByte: Duration = .seconds(60), silence: Duration = .seconds(60)
            ) {
                self.connect = connect
                self.firstByte = firstByte
                self.silence = silence
            }
        }

        public var endpoint: Endpoint
        public var api: API
        public var credential: ChatModelCredential
        public var timeouts: Timeouts
        /// Whether a reply ends as failed when Azure's filter says that it could not look at it; else that is logged.
        public var refusesUnfilteredText: Bool
        /// Connections to the server at most; further replies wait for one.
        public var maximumConnections: Int

        public init(
            endpoint: Endpoint, api: API = .chatCompletions, credential: ChatModelCredential = .none,
            timeouts: Timeouts = Timeouts(), refusesUnfilteredText: Bool = false, maximumConnections: Int = 1000
        ) {
            self.endpoint = endpoint
            self.api = api
            self.credential = credential
            self.timeouts = timeouts
            self.refusesUnfilteredText = refusesUnfilteredText
            self.maximumConnections = maximumConnections
        }
    }

    /// What is wrong with a ``Configuration``.
    public struct ConfigurationError: Error, Hashable, CustomStringConvertible {
        /// The part that is wrong.
        public enum Part: String, Sendable, Hashable {
            case endpoint
            case model
            case apiKey
        }

        public let part: Part
        /// One clause that may be shown to the operator; it does not repeat the value.
        public let description: String
    }
}

extension OpenAIChatModel.Configuration.Endpoint {
    /// The model or deployment.
    var model: String {
        switch self {
        case .openAI(_, let model): model
        case .azureDeployment(_, let deployment, _), .azureV1(_, let deployment): deployment
        }
    }

    /// Whether the path names the model, and a request cannot name another.
    func isModelInPath(of api: OpenAIChatModel.Configuration.API) -> Bool {
        if case .azureDeployment = self { api == .chatCompletions } else { false }
    }

    var isAzure: Bool { if case .openAI = self { false } else { true } }

    /// The header that carries a key or a token.
    func authorization(
        _ key: APIKey, isToken: Bool
    ) throws(OpenAIChatModel.ConfigurationError) -> (name: String, value: String) {
        guard key.isHeaderValue else {
            throw .init(part: .apiKey, description: "the key is empty or has characters that no key has")
        }
        return isAzure && !isToken ? ("api-key", key.value) : ("authorization", "Bearer \(key.value)")
    }

    /// The URL that is posted to.
    func url(of api: OpenAIChatModel.Configuration.API) throws(OpenAIChatModel.ConfigurationError) -> String {
        let path = api == .responses ? "/responses" : "/chat/completions"
        switch self {
        case .openAI(let baseURL, let model):
            return try Self.base(baseURL, requiring: model) + path
        case .azureV1(let endpoint, let deployment):
            return try Self.base(endpoint, requiring: deployment) + path
        case .azureDeployment(let endpoint, let deployment, let apiVersion):
            let base = try Self.base(endpoint, requiring: deployment) + "/openai"
            let deployment = isModelInPath(of: api) ? "/deployments/\(deployment.percentEncoded)" : ""
            let version = apiVersion ?? (api == .responses ? "2025-04-01-preview" : "2024-10-21")
            return base + deployment + path + "?api-version=\(version.percentEncoded)"
        }
    }

    private static func base(
        _ text: String, requiring model: String
    ) throws(OpenAIChatModel.ConfigurationError) -> String {
        guard !model.isEmpty else {
            throw .init(part: .model, description: "the model or deployment has no name")
        }
        guard let url = EndpointURL(text) else {
            throw .init(part: .endpoint, description: EndpointURL.expectation)
        }
        return url.base
    }
}
