import FoundationEssentials

extension OpenAIChatModel {
    /// Where the model is and how long to wait for it.
    public struct Configuration: Sendable, Hashable {
        /// The address of a chat completions API.
        public enum Endpoint: Sendable, Hashable {
            /// An OpenAI-compatible server: `POST BASE/chat/completions`, the key as bearer token.
            case openAI(baseURL: String, model: String)
            /// A deployment on Azure's classic path, `POST ENDPOINT/openai/deployments/DEPLOYMENT/chat/completions`.
            case azureDeployment(endpoint: String, deployment: String, apiVersion: String = "2024-10-21")
            /// Azure's v1 path: an endpoint ending in `/openai/v1`, with the deployment as the model.
            case azureV1(endpoint: String, deployment: String)

            /// Azure OpenAI, on the v1 path when the endpoint ends in `/openai/v1`, else on the classic path.
            public static func azure(endpoint: String, deployment: String) -> Endpoint {
                endpoint.withoutTrailingSlashes.hasSuffix("/openai/v1")
                    ? .azureV1(endpoint: endpoint, deployment: deployment)
                    : .azureDeployment(endpoint: endpoint, deployment: deployment)
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
        /// Left out for servers that want none.
        public var apiKey: APIKey?
        public var timeouts: Timeouts
        public var retry: RetryPolicy
        /// Connections to the server at most; further replies wait for one.
        public var maximumConnections: Int

        public init(
            endpoint: Endpoint, apiKey: APIKey? = nil, timeouts: Timeouts = Timeouts(),
            retry: RetryPolicy = RetryPolicy(), maximumConnections: Int = 1000
        ) {
            self.endpoint = endpoint
            self.apiKey = apiKey
            self.timeouts = timeouts
            self.retry = retry
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
    /// The value of the request body's `model`, nil where the path names it.
    var model: String? {
        switch self {
        case .openAI(_, let model): model
        case .azureDeployment: nil
        case .azureV1(_, let deployment): deployment
        }
    }

    /// The header that carries the key.
    func authorization(_ key: APIKey) throws(OpenAIChatModel.ConfigurationError) -> (name: String, value: String) {
        guard !key.value.isEmpty, key.value.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw .init(part: .apiKey, description: "the key is empty or has characters that no key has")
        }
        switch self {
        case .openAI: return ("authorization", "Bearer \(key.value)")
        case .azureDeployment, .azureV1: return ("api-key", key.value)
        }
    }

    /// The URL that is posted to.
    func url() throws(OpenAIChatModel.ConfigurationError) -> String {
        switch self {
        case .openAI(let baseURL, let model):
            return try Self.base(baseURL, requiring: model) + "/chat/completions"
        case .azureV1(let endpoint, let deployment):
            return try Self.base(endpoint, requiring: deployment) + "/chat/completions"
        case .azureDeployment(let endpoint, let deployment, let apiVersion):
            return try Self.base(endpoint, requiring: deployment)
                + "/openai/deployments/\(deployment.percentEncoded)/chat/completions"
                + "?api-version=\(apiVersion.percentEncoded)"
        }
    }

    private static func base(
        _ text: String, requiring model: String
    ) throws(OpenAIChatModel.ConfigurationError) -> String {
        guard !model.isEmpty else {
            throw .init(part: .model, description: "the model or deployment has no name")
        }
        guard let url = URL(string: text), ["http", "https"].contains(url.scheme?.lowercased()),
            url.host()?.isEmpty == false, url.user() == nil, url.query() == nil, url.fragment() == nil
        else {
            throw .init(part: .endpoint, description: "must be an http or https URL without user, query or fragment")
        }
        return text.withoutTrailingSlashes
    }
}

extension String {
    fileprivate var withoutTrailingSlashes: String {
        String(self[..<(lastIndex { $0 != "/" }.map(index(after:)) ?? startIndex)])
    }

    /// RFC 3986, section 2.3: everything but the unreserved characters.
    fileprivate var percentEncoded: String {
        let hexadecimal = Array("0123456789ABCDEF")
        return utf8.reduce(into: "") { text, byte in
            let character = Character(Unicode.Scalar(byte))
            if byte < 0x80, character.isLetter || character.isNumber || "-._~".contains(character) {
                text.append(character)
            } else {
                text += "%\(hexadecimal[Int(byte >> 4)])\(hexadecimal[Int(byte & 15)])"
            }
        }
    }
}
