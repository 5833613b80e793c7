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
                allowMethods: [.get, .post], allowCredentials: true))
        others.get("/generateJwtToken") { _, _ in Token.make() }
        others.get("/clientresult/:id") { _, context in await clientResult(of: try context.parameters.require("id")) }
        others.post("/bad-negotiate/**") { _, _ in
            EditedResponse(status: .badRequest, response: "Some response from server")
        }
        others.post("/redirect/**") { request, _ in
            let hub = (request.uri.queryParameters["baseUrl"].map(String.init) ?? "") + "/testHub"
            return #"{"url":"\#(hub)?numRedirects=\#(redirects.next())"}"#
        }
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

/// Counts, so that a client's tests see that it asked again.
private final class Redirects: Sendable {
    private let count = Atomic(0)

    func next() -> Int { count.add(1, ordering: .relaxed).newValue }
}

/// Clients must show with their connect what they were given with their negotiate, and nothing that has expired.
private struct NegotiateCookies<Context: RequestContext>: RouterMiddleware {
    @concurrent func handle(
        _ request: Request, context: Context, next: @concurrent (Request, Context) async throws -> Response
    ) async throws -> Response {
        var response = try await next(request, context)
        guard request.uri.path.contains("/negotiate") else { return response }
        for cookie in [
            "testCookie=testValue", "testCookie2=testValue2",
            "expiredCookie=doesntmatter; expires=Thu, 01 Jan 1970 00:00:00 GMT",
        ] {
            response.headers.append(HTTPField(name: .setCookie, value: cookie + "; path=/"))
        }
        return response
    }
}

extension [HTTPField.Name] {
    fileprivate static let sentByClients = ["X-Requested-With", "X-SignalR-User-Agent"].compactMap {
        HTTPField.Name($0)
    }
}
