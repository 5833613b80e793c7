import Foundation
import HTTPTypes
import Hummingbird

/// Answers everything at and below three paths, by whatever method: `/redirect`, `/echoredirect` and `/bad-negotiate`.
struct Redirects<Context: RequestContext>: RouterMiddleware {
    let count: RedirectCount

    @concurrent func handle(
        _ request: Request, context: Context, next: @concurrent (Request, Context) async throws -> Response
    ) async throws -> Response {
        guard request.method != .options else { return try await next(request, context) }
        if request.isBelow("/redirect") { return try await redirect(request) }
        if request.isBelow("/echoredirect") { return echoRedirect(request) }
        if request.isBelow("/bad-negotiate") {
            return Response(
                status: .badRequest,
                body: ResponseBody(byteBuffer: ByteBuffer(string: "Some response from server")))
        }
        return try await next(request, context)
    }

    /// Clients read it whatever its type is, and the tests' server tells none.
    private func redirect(_ request: Request) async throws -> Response {
        let hub = (request.uri.queryParameters["baseUrl"].map(String.init) ?? "") + "/testHub"
        let body = try JSONEncoder().encode(["url": "\(hub)?numRedirects=\(try await count.next())"])
        return Response(status: .ok, body: ResponseBody(byteBuffer: ByteBuffer(bytes: body)))
    }

    private func echoRedirect(_ request: Request) -> Response {
        let target = "/echo" + request.uri.string.dropFirst("/echoredirect".count)
        // The request may be one for a WebSocket, behind which nothing more is read.
        return Response(status: .temporaryRedirect, headers: [.location: target, .connection: "close"])
    }
}

extension Request {
    /// Whether its path is this one or one below, in upper or lower case.
    fileprivate func isBelow(_ path: String) -> Bool {
        let own = uri.path.lowercased()
        return own == path || own.hasPrefix(path + "/")
    }
}
