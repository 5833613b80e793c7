import HTTPTypes
import Hummingbird

/// Lets pages of any origin send what they like to any path, with their cookies, as no server but one for tests should.
/// Pages get to see errors, too.
struct AnyOrigin<Context: RequestContext>: RouterMiddleware {
    @concurrent func handle(
        _ request: Request, context: Context, next: @concurrent (Request, Context) async throws -> Response
    ) async throws -> Response {
        var response = try await response(to: request, context: context, next: next)
        // Hubs see to it themselves.
        guard let origin = request.headers[.origin], response.headers[.accessControlAllowOrigin] == nil else {
            return response
        }
        response.headers[.accessControlAllowOrigin] = origin
        response.headers[.accessControlAllowCredentials] = "true"
        response.headers[.accessControlAllowMethods] = request.headers[.accessControlRequestMethod]
        response.headers[.accessControlAllowHeaders] = request.headers[.accessControlRequestHeaders]
        response.headers[.vary] = "Origin"
        return response
    }

    /// Preflight requests are answered wherever they go.
    private func response(
        to request: Request, context: Context, next: @concurrent (Request, Context) async throws -> Response
    ) async throws -> Response {
        do {
            return try await next(request, context)
        } catch let error as any HTTPResponseError {
            if request.method == .options { return Response(status: .noContent) }
            return try error.response(from: request, context: context)
        }
    }
}
