package import HTTPTypes
package import HubServer

extension AllowedOrigins {
    /// Whether a request may use the hub.
    package func allows(_ request: HTTPRequest) -> Bool {
        guard let origin = request.headerFields[.origin] else { return true }
        return isCrossOrigin(origin, to: request) ? lists(origin) : true
    }

    /// The CORS headers of an answer, errors too, or a browser would hide them from the page. Whatever is answered, what
    /// the answer depends on is told to caches (Fetch standard, "CORS protocol and HTTP caches").
    package func headers(for request: HTTPRequest) -> HTTPFields {
        guard let origin = request.headerFields[.origin] else { return self == .sameOrigin ? [:] : [.vary: "Origin"] }
        // Also where only the scheme differs, which this node may not know.
        guard lists(origin) else { return [.vary: "Origin"] }
        return [.accessControlAllowOrigin: origin, .accessControlAllowCredentials: "true", .vary: "Origin"]
    }

    /// The headers that answer a preflight request: which methods and headers a page may use. Browsers ask since clients
    /// send `X-Requested-With`, and an application's headers of its own are as welcome.
    package func preflightHeaders(for request: HTTPRequest) -> HTTPFields {
        var headers = headers(for: request)
        guard headers[.accessControlAllowOrigin] != nil else { return headers }
        headers[.accessControlAllowMethods] = "GET, POST, DELETE, OPTIONS"
        headers[.accessControlAllowHeaders] =
            request.headerFields[.accessControlRequestHeaders]
            ?? "authorization, content-type, x-requested-with, x-signalr-user-agent"
        headers[.accessControlMaxAge] = "600"
        headers[.vary] = "Origin, Access-Control-Request-Headers"
        return headers
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
