import Foundation
import HTTPTypes
import HubServer
import Hummingbird

/// What the tests ask for beside the hubs.
struct Routes: Sendable {
    let testHub: Hub
    /// The server that answers, of several behind one balancer.
    let deployment: Deployment
    private let redirects = Redirects()

    init(testHub: Hub, deployment: Deployment) {
        self.testHub = testHub
        self.deployment = deployment
    }

    func add(to router: Router<BasicRequestContext>) {
        router.add(middleware: NegotiateCookies())
        let group = router.group().add(middleware: AnyOrigin())
        group.on([.get], at: "/generateJwtToken") { _, _ in Token.make() }
        group.on([.get], at: "/deployment") { _, _ in deployment }
        group.on([.get], at: "/clientresult/:id") { _, context in
            await clientResult(of: try context.parameters.require("id"))
        }
        group.on([.get, .post], at: "/bad-negotiate", "/bad-negotiate/**") { _, _ in
            EditedResponse(status: .badRequest, response: "Some response from server")
        }
        group.on([.get, .post], at: "/redirect", "/redirect/**") { request, _ in try redirect(request) }
        group.on([.get, .post, .delete], at: "/echoredirect", "/echoredirect/**") { request, _ in
            echoRedirect(request)
        }
    }

    /// Clients read it whatever its type is, and the tests' server tells none.
    private func redirect(_ request: Request) throws -> Response {
        let hub = (request.uri.queryParameters["baseUrl"].map(String.init) ?? "") + "/testHub"
        let body = try JSONEncoder().encode(["url": "\(hub)?numRedirects=\(redirects.next())"])
        return Response(status: .ok, body: ResponseBody(byteBuffer: ByteBuffer(bytes: body)))
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

/// What `/deployment` tells people, as JSON.
struct Deployment: ResponseEncodable {
    let node: String
    let isClustered: Bool
}

extension RouterGroup {
    /// Adds a route, and one for the preflight requests of browsers, which a group's middleware does not see without.
    fileprivate func on(
        _ methods: [HTTPRequest.Method], at paths: RouterPath...,
        use handler: @escaping @Sendable (Request, Context) async throws -> some ResponseGenerator
    ) {
        for path in paths {
            for method in methods { on(path, method: method, use: handler) }
            on(path, method: .options) { _, _ in Response(status: .noContent) }
        }
    }
}
