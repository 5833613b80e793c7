extension AzureContentSafetyFilter {
    /// What the service looks for.
    public enum Category: String, Sendable, Hashable, CaseIterable {
        case hate
        case selfHarm = "self_harm"
        case sexual
        case violence
    }

    /// How bad text is. `safe`, 0, is never blocked.
    public enum Severity: Int, Sendable, Hashable, Comparable, CaseIterable {
        case low = 2
        case medium = 4
        case high = 6

        public static func < (left: Severity, right: Severity) -> Bool { left.rawValue < right.rawValue }
    }

    /// Where the service is and what is blocked.
    public struct Configuration: Sendable {
        /// What Azure OpenAI's own filter blocks unless told.
        public static let mediumThresholds = Dictionary(
            uniqueKeysWithValues: Category.allCases.map { ($0, Severity.medium) })

        /// Such as `https://NAME.cognitiveservices.azure.com`.
        public var endpoint: String
        /// A key of the resource, or tokens for the scope `https://cognitiveservices.azure.com/.default`.
        public var credential: ChatModelCredential
        /// From which severity on a category is blocked; never, where it is missing.
        public var thresholds: [Category: Severity]
        /// Names of block lists of the resource; a match of one is blocked.
        public var blocklists: [String]
        public var apiVersion: String
        /// A reply is looked at in pieces: when one has waited for so long, or when there is a record's worth of text.
        public var interval: Duration
        /// How many bytes before a piece are looked at again with it. In default mode so many wait for what follows them.
        public var lookbackBytes: Int
        /// For one request.
        public var timeout: Duration
        public var retries: RetryPolicy
        /// Connections to the service at most; further requests wait for one.
        public var maximumConnections: Int

        /// What is billed together is a thousand characters; the last chunk may make it more than this.
        private static let recordBytes = 950

        /// What of a record is new; the rest is looked at again, and half of that has waited.
        var pieceBytes: Int { max(Self.recordBytes - 2 * lookbackBytes, Self.recordBytes / 2) }

        public init(
            endpoint: String, credential: ChatModelCredential = .none,
            thresholds: [Category: Severity] = mediumThresholds, blocklists: [String] = [],
            apiVersion: String = "2024-09-01", interval: Duration = .seconds(1), lookbackBytes: Int = 128,
            timeout: Duration = .seconds(10),
            retries: RetryPolicy = RetryPolicy(maximumHint: .seconds(10), budget: .seconds(20)),
            maximumConnections: Int = 100
        ) {
            self.endpoint = endpoint
            self.credential = credential
            self.thresholds = thresholds
            self.blocklists = blocklists
            self.apiVersion = apiVersion
            self.interval = interval
            self.lookbackBytes = lookbackBytes
            self.timeout = timeout
            self.retries = retries
            self.maximumConnections = maximumConnections
        }
    }

    /// What is wrong with a ``Configuration``.
    public struct ConfigurationError: Error, Hashable, CustomStringConvertible {
        /// The part that is wrong.
        public enum Part: String, Sendable, Hashable {
            case endpoint
            case key
            case thresholds
        }

        public let part: Part
        /// One clause that may be shown to the operator; it does not repeat the value.
        public let description: String
    }
}
