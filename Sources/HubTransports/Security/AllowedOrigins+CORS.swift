package import HTTPTypes
package import HubServer

extension AllowedOrigins {
    /// Whether a request may use the hub.
    ///
    /// - Parameter scheme: How the client reaches the hub, nil where that is not known: where a proxy ends TLS and does not
    ///   say so, pages of either scheme are the host's own.
    package func allows(_ request: HTTPRequest, scheme: @autoclosure () -> String?) -> Bool {
        guard let text = request.headerFields[.origin], !lists(text) else { return true }
        guard let origin = WebOrigin(text), let authority = request.authority else { return false }
        return origin.isOf(authority, scheme: scheme())
    }

    /// The CORS headers of an answer, errors too, or a browser would hide them from the page. Whatever is answered, what
    /// the answer depends on is told to caches (Fetch standard, "CORS protocol and HTTP caches").
    package func headers(for request: HTTPRequest) -> HTTPFields {
        guard let origin = request.headerFields[.origin] else { return self == .sameOrigin ? [:] : [.vary: "Origin"] }
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
}
