public import FoundationEssentials
public import Logging
public import NIOSSL

/// What all credentials have in common. Descriptions leave the environment out, as it holds secrets.
public struct TokenCredentialOptions: Sendable {
    /// Where Entra is: a host, or an https URL. Nil takes `AZURE_AUTHORITY_HOST`, else ``AzureAuthorityHosts/azurePublicCloud``.
    public var authorityHost: String?
    /// Tenants beside the credential's own in which a request may ask for a token; `*` allows all. Those of
    /// `AZURE_ADDITIONALLY_ALLOWED_TENANTS` (separated by semicolons) are added.
    public var additionallyAllowedTenants: [String]
    /// The variables by which credentials are configured, the process' own unless given.
    public var environment: [String: String]
    /// How connections to Entra and to https endpoints are secured; give it further trust roots where a proxy or a private cloud
    /// has certificates of its own.
    public var tlsConfiguration: TLSConfiguration
    /// How long one request may take, its answer included.
    public var requestTimeout: Duration
    /// How long `az` and `azd` may take.
    public var processTimeout: Duration
    /// Told at debug level of attempts, at info level of what came of them. Never of tokens or secrets.
    public var logger: Logger

    package var clock = IdentityClock.system
    /// Shared by the credentials of a chain.
    package var transport: (any IdentityTransport)?

    /// Everything but what is given is as the process' environment says, or as Azure.Identity's.
    public init(
        authorityHost: String? = nil, additionallyAllowedTenants: [String] = [],
        environment: [String: String] = ProcessInfo.processInfo.environment,
        tlsConfiguration: TLSConfiguration = .makeClientConfiguration(), requestTimeout: Duration = .seconds(20),
        processTimeout: Duration = .seconds(10), logger: Logger = Logger(label: "AzureIdentity")
    ) {
        self.authorityHost = authorityHost
        self.additionallyAllowedTenants = additionallyAllowedTenants
        self.environment = environment
        self.tlsConfiguration = tlsConfiguration
        self.requestTimeout = requestTimeout
        self.processTimeout = processTimeout
        self.logger = logger
    }
}

extension TokenCredentialOptions: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public var description: String { "TokenCredentialOptions(authorityHost: \(authorityHost, default: "nil"))" }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: ["authorityHost": authorityHost as Any]) }
}

extension TokenCredentialOptions {
    /// A variable's value; an empty one is as none, as deployments often set them.
    func variable(_ name: String) -> String? {
        environment[name].flatMap { $0.isEmpty ? nil : $0 }
    }

    var allowedTenants: [String] {
        let listed = variable("AZURE_ADDITIONALLY_ALLOWED_TENANTS")?.split(separator: ";") ?? []
        return additionallyAllowedTenants + listed.map { $0.trimmed }.filter { !$0.isEmpty }
    }

    package func makeTransport() -> any IdentityTransport {
        transport ?? HTTPClientTransport(tlsConfiguration: tlsConfiguration)
    }
}

/// Time as credentials see it.
package struct IdentityClock: Sendable {
    package var now: @Sendable () -> Date
    package var sleep: @Sendable (Duration) async throws -> Void

    package init(now: @escaping @Sendable () -> Date, sleep: @escaping @Sendable (Duration) async throws -> Void) {
        self.now = now
        self.sleep = sleep
    }

    package static let system = IdentityClock(now: { Date() }, sleep: { try await Task.sleep(for: $0) })
}

extension StringProtocol {
    /// Without white space at either end.
    var trimmed: String {
        let head = drop { $0.isWhitespace }
        return String(head[..<(head.lastIndex { !$0.isWhitespace }.map(head.index(after:)) ?? head.startIndex)])
    }

    var withoutTrailingSlashes: String {
        String(self[..<(lastIndex { $0 != "/" }.map(index(after:)) ?? startIndex)])
    }
}
