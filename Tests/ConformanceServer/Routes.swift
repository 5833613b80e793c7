import Foundation
import HTTPTypes
import HubHummingbird
import HubServer
import Hummingbird
import Synchronization

/// What the tests ask for beside the hubs.
struct Routes: Sendable {
    let testHub: Hub
    private let redirects = Redirects()

    init(testHub: Hub) { self.testHub = testHub }

    func add(to router: Router<BasicRequestContext>) {
        router.add(middleware: NegotiateCookies())
        let others = router.group().add(
            middleware: CORSMiddleware(
                allowOrigin: .originBased, allowHeaders: [.authorization, .contentType] + .sentByClients,
                allowMethods: [.get, .post, .delete, .options], allowCredentials: true))
        others.get("/generateJwtToken") { _, _ in Token.make() }
        others.get("/clientresult/:id") { _, context in await clientResult(of: try context.parameters.require("id")) }
        others.post("/bad-negotiate/**") { _, _ in
            EditedResponse(status: .badRequest, response: "Some response from server")
        }
        others.post("/redirect/**") { request, _ in
            let hub = (request.uri.queryParameters["baseUrl"].map(String.init) ?? "") + "/testHub"
            return Response(
                status: .ok,
                body: ResponseBody(
                    byteBuffer: ByteBuffer(string: #"{"url":"\#(hub)?numRedirects=\#(redirects.next())"}"#)))
        }
        for path: RouterPath in ["/echoredirect", "/echoredirect/**"] {
            for method in [HTTPRequest.Method.get, .post, .delete] {
                others.on(path, method: method) { request, _ in echoRedirect(request) }
            }
        }
        // Pages of any origin may use all of it: the middleware answers their preflights.
        for path: RouterPath in [
            "/generateJwtToken", "/clientresult/:id", "/bad-negotiate/**", "/redirect/**", "/echoredirect",
            "/echoredirect/**",
        ] {
            others.on(path, method: .options) { _, _ in Response(status: .noContent) }
        }
    }

    private func echoRedirect(_ request: Request) -> Response {
        let target = request.uri.string.replacing("/echoredirect", with: "/echo", maxReplacements: 1)
        // The request may be one for a WebSocket, behind which nothing more is read.
        return Response(status: .temporaryRedirect, headers: [.location: target, .connection: "close"])
    }

    private func clientResult(of connectionID: String) async -> String {
        do {
            return "\(try await testHub.clients.client(connectionID).invoke("Result", returning: Int.self))"
        } catch let error as HubError {
            return error.message
        } catch let error as any HubErrorNaming {
            return error.hubErrorMessage
        } catch {
            return "\(error)"
        }
    }
}

/// Numbers that grow, so that a client's tests see that it asked again, be it another server that it asked: they begin with
/// the time.
private final class Redirects: Sendable {
    private let last = Atomic(0)

    func next() -> Int {
        let now = Int(Date().timeIntervalSince1970 * 1000)
        while true {
            let last = last.load(ordering: .relaxed)
            let next = max(last + 1, now)
            if self.last.compareExchange(expected: last, desired: next, ordering: .relaxed).exchanged { return next }
        }
    }
}

/// Clients must show with their connect what they were given with their negotiate, and nothing that has expired.
private struct NegotiateCookies<Context: RequestContext>: RouterMiddleware {
    @concurrent func handle(
        _ request: Request, context: Context, next: @concurrent (Request, Context) async throws -> Response
    ) async throws -> Response {
        var response = try await next(request, context)
        guard request.uri.path.contains("/negotiate") else { return response }
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

extension [HTTPField.Name] {
    fileprivate static let sentByClients = ["X-Requested-With", "X-SignalR-User-Agent"].compactMap {
        HTTPField.Name($0)
    }
}
