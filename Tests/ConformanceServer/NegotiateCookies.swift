import HTTPTypes
import Hummingbird

/// Clients must show with their connect what they were given with their negotiate, and nothing that has expired.
struct NegotiateCookies<Context: RequestContext>: RouterMiddleware {
    @concurrent func handle(
        _ request: Request, context: Context, next: @concurrent (Request, Context) async throws -> Response
    ) async throws -> Response {
        var response = try await next(request, context)
        guard request.uri.path.lowercased().contains("/negotiate") else { return response }
        // Browsers send cookies to another site only if these are set so, which takes TLS.
        let attributes = request.head.scheme == "https" ? "; SameSite=None; Secure; Partitioned" : ""
        for cookie in [
            "testCookie=testValue", "testCookie2=testValue2",
            "expiredCookie=doesntmatter; expires=Thu, 01 Jan 2015 00:00:00 GMT",
        ] {
            response.headers.append(HTTPField(name: .setCookie, value: cookie + "; path=/" + attributes))
        }
        return response
    }
}
