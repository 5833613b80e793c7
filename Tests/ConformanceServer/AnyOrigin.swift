import HTTPTypes
import Hummingbird

/// Lets pages of any origin send what they like, with their cookies, as no server but one for tests should.
struct AnyOrigin<Context: RequestContext>: RouterMiddleware {
    @concurrent func handle(
        _ request: Request, context: Context, next: @concurrent (Request, Context) async throws -> Response
    ) async throws -> Response {
        var response = try await next(request, context)
        guard let origin = request.headers[.origin] else { return response }
        response.headers[.accessControlAllowOrigin] = origin
        response.headers[.accessControlAllowCredentials] = "true"
        response.headers[.accessControlAllowMethods] = request.headers[.accessControlRequestMethod]
        response.headers[.accessControlAllowHeaders] = request.headers[.accessControlRequestHeaders]
        response.headers[.vary] = "Origin"
        return response
    }
}
