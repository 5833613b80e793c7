package import HTTPTypes

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

    /// Whether a request may use the hub.
    package func allows(_ request: HTTPRequest) -> Bool {
        guard let origin = request.headerFields[.origin] else { return true }
        return isCrossOrigin(origin, to: request) ? lists(origin) : true
    }

    /// The CORS headers of an answer, none where the request needs none or its origin is not allowed.
    package func headers(for request: HTTPRequest) -> HTTPFields {
        guard let origin = request.headerFields[.origin], isCrossOrigin(origin, to: request), lists(origin) else {
            return [:]
        }
        return [.accessControlAllowOrigin: origin, .accessControlAllowCredentials: "true", .vary: "Origin"]
    }

    private func lists(_ origin: String) -> Bool {
        switch rule {
        case .sameOrigin: false
        case .listed(let origins): origins.contains(origin.lowercased())
        case .any: true
        }
    }

    /// The scheme is not compared: behind a proxy that ends TLS this node does not know it.
    private func isCrossOrigin(_ origin: String, to request: HTTPRequest) -> Bool {
        guard let authority = request.authority?.lowercased(), let slashes = origin.firstRange(of: "://") else {
            return true
        }
        let host = origin[slashes.upperBound...].lowercased()
        return host != authority
    }
}
