/// Which pages may use a hub from a browser.
///
/// Browsers do not hold WebSockets to CORS: any page could open one with the visitor's cookies if the server did not
/// look at `Origin` (RFC 6455, section 10.2). A request without `Origin` comes from no browser page and is allowed.
public struct AllowedOrigins: Sendable, Equatable {
    private enum Rule: Equatable {
        case sameOrigin
        case listed(Set<String>)
        case any
    }

    private let rule: Rule

    /// Pages of the host that serves the hub, and no others.
    public static let sameOrigin = AllowedOrigins(rule: .sameOrigin)
    /// Every page. Only for hubs that trust nothing a browser sends by itself.
    public static let any = AllowedOrigins(rule: .any)

    /// Pages of these origins (`https://example.com`, with a port where it is not the scheme's own) beside those of the
    /// host itself.
    public static func listed(_ origins: some Sequence<String>) -> AllowedOrigins {
        AllowedOrigins(rule: .listed(Set(origins.map { $0.lowercased() })))
    }

    private init(rule: Rule) {
        self.rule = rule
    }

    /// Whether pages of an origin that is not the host's own may use the hub.
    package func lists(_ origin: String) -> Bool {
        switch rule {
        case .sameOrigin: false
        case .listed(let origins): origins.contains(origin.lowercased())
        case .any: true
        }
    }
}
