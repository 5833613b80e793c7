public import HTTPTypes
public import HubServer
import HubTransports
public import Logging

/// How it is told who sends a request.
///
/// ```swift
/// var options = HTTPHubOptions()
/// options.authentication = try .jwtBearer(.entraID(tenantID: tenant, clientID: application), logger: logger)
/// ```
public struct HubAuthentication: Sendable {
    let authenticator: any HubAuthenticator

    /// By the JSON Web Token in `Authorization: Bearer TOKEN`, or in the query's `access_token`, where browsers have to
    /// put it for WebSockets and server-sent events.
    ///
    /// - Parameters:
    ///   - options: Which tokens are believed.
    ///   - logger: Told when published keys cannot be read.
    /// - Throws: `JWTBearerOptionsError` where an option cannot be used.
    public static func jwtBearer(
        _ options: JWTBearerOptions, logger: Logger
    ) throws(JWTBearerOptionsError) -> HubAuthentication {
        HubAuthentication(authenticator: try JWTBearerAuthenticator(options, logger: logger))
    }

    /// By a closure, asked for every request of a client: negotiation, upgrade, poll and send.
    ///
    /// - Parameter authenticate: Gets the request's head, and returns who sent it, nil where it is not known.
    public static func custom(
        _ authenticate: @escaping @Sendable (HTTPRequest) async -> ClaimsPrincipal?
    ) -> HubAuthentication {
        HubAuthentication(authenticator: ClosureAuthenticator(authenticate))
    }
}
