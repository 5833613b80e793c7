package import HTTPTypes
package import HubServer

/// Tells who sent a request (ASP.NET's `IAuthenticationHandler`).
package protocol HubAuthenticator: Sendable {
    /// Whether a request shows anything that is looked at; where not, ``authenticate(_:)`` would say `none`.
    func mayAuthenticate(_ request: HTTPRequest) -> Bool

    /// Looks at what a request shows of its sender.
    func authenticate(_ request: HTTPRequest) async -> AuthenticationResult
}

/// What a request shows of its sender.
package enum AuthenticationResult: Sendable {
    /// Nothing.
    case none
    /// Something that is not believed.
    case failed
    /// It cannot be told at the moment.
    case unavailable
    /// Who it is, and when that ends, in seconds since 1970.
    case succeeded(ClaimsPrincipal, expiration: Double? = nil)
}

/// Authenticates by a closure of the application.
package struct ClosureAuthenticator: HubAuthenticator {
    private let body: @Sendable (HTTPRequest) async -> ClaimsPrincipal?

    package init(_ body: @escaping @Sendable (HTTPRequest) async -> ClaimsPrincipal?) {
        self.body = body
    }

    /// The closure may look at anything.
    package func mayAuthenticate(_ request: HTTPRequest) -> Bool { true }

    package func authenticate(_ request: HTTPRequest) async -> AuthenticationResult {
        await body(request).map { .succeeded($0) } ?? .none
    }
}

extension HTTPRequest {
    /// The token that a request carries: in `Authorization: Bearer` (RFC 6750), or in the query, where browsers have to put
    /// it for WebSockets and server-sent events. The header comes first.
    package var bearerToken: Substring? {
        if headerFields[.authorization] != nil { return headerBearerToken }
        return RequestTarget(path ?? "").value("access_token").map { Substring($0) }
    }

    /// The token in `Authorization: Bearer`.
    var headerBearerToken: Substring? {
        guard let header = headerFields[.authorization] else { return nil }
        let scheme = header.prefix { $0 != " " }
        guard scheme.lowercased() == "bearer" else { return nil }
        return header[scheme.endIndex...].drop { $0 == " " }
    }
}
