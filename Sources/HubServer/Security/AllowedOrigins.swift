/// Which pages may use a hub from a browser.
///
/// Browsers do not hold WebSockets to CORS: any page could open one with the visitor's cookies if the server did not
/// look at `Origin` (RFC 6455, section 10.2). A request without `Origin` comes from no browser page and is allowed.
public struct AllowedOrigins: Sendable, Equatable {
    private enum Rule: Equatable {
        case sameOrigin
        case listed(Set<WebOrigin>)
        case any
    }

    private let rule: Rule

    /// Pages of the host that serves the hub, and no others.
    public static let sameOrigin = AllowedOrigins(rule: .sameOrigin)
    /// Every page. Only for hubs that trust nothing a browser sends by itself.
    public static let any = AllowedOrigins(rule: .any)

    /// Pages of these origins (`https://example.com`, with a port where it is not the scheme's own) beside those of the
    /// host itself.
    ///
    /// - Throws: ``InvalidOrigin`` for the first that is none, since no page would ever be of it.
    public static func listed(_ origins: some Sequence<String>) throws(InvalidOrigin) -> AllowedOrigins {
        var listed: Set<WebOrigin> = []
        for text in origins {
            guard let origin = WebOrigin(text) else { throw InvalidOrigin(text: text) }
            listed.insert(origin)
        }
        return AllowedOrigins(rule: .listed(listed))
    }

    /// What is no origin.
    public struct InvalidOrigin: Error, Hashable, CustomStringConvertible {
        let text: String

        public var description: String {
            "\(text) is no origin such as https://example.com or http://localhost:3000: scheme, host and a port where it is "
                + "not the scheme's own, nothing else"
        }
    }

    private init(rule: Rule) {
        self.rule = rule
    }

    /// Whether pages of an origin that is not the host's own may use the hub.
    package func lists(_ origin: String) -> Bool {
        switch rule {
        case .sameOrigin: false
        case .listed(let origins): WebOrigin(origin).map(origins.contains) ?? false
        case .any: true
        }
    }
}
