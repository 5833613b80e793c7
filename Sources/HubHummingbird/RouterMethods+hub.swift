import HTTPTypes
import HubProtocol
public import HubServer
import HubTransports
public import Hummingbird
import NIOCore

extension RouterMethods {
    /// Mounts a hub: clients negotiate at `PATH/negotiate` and connect at `PATH`.
    ///
    /// The server has to be one of ``HTTPServerBuilder/http1WithHubs(_:configuration:)``, or clients cannot open
    /// WebSockets. Middleware of the router sees everything but accepted WebSocket upgrades.
    ///
    /// - Parameters:
    ///   - path: The whole path from the root, in whatever group this is.
    ///   - hub: The hub; it takes no more registrations from now on.
    ///   - hubs: The hubs that the server serves.
    @discardableResult
    public func hub(_ path: String, _ hub: Hub, on hubs: HTTPHubs) -> Self {
        let access = hubs.mount(hub, at: path)
        let path = RouterPath(stringLiteral: path)
        let negotiatePath = RouterPath(stringLiteral: "\(path)/negotiate")
        let refreshPath = RouterPath(stringLiteral: "\(path)/refresh")
        for method in HTTPRequest.Method.routed {
            on(path, method: method) { request, _ in await access.response(to: request) }
            on(negotiatePath, method: method) { request, _ in await access.negotiateResponse(to: request) }
            on(refreshPath, method: method) { request, _ in await access.refreshResponse(to: request) }
        }
        return self
    }
}

extension HubAccess {
    fileprivate func negotiateResponse(to request: Request) async -> Response {
        switch request.method {
        case .post:
            do {
                let body = await negotiate(request.head, identity: try await identify(request.head))
                return Response(
                    status: .ok,
                    headers: origins.headers(for: request.head, adding: [.contentType: "application/json"]),
                    body: ResponseBody(byteBuffer: body))
            } catch {
                return response(to: request, refusing: error)
            }
        case .options:
            return preflightResponse(to: request)
        default:
            return response(to: request, refusing: .methodNotAllowed)
        }
    }

    fileprivate func refreshResponse(to request: Request) async -> Response {
        switch request.method {
        case .post:
            let (status, answer) = await refresh(request.head)
            var body = ByteBuffer()
            answer.write(into: &body)
            return Response(
                status: status,
                headers: origins.headers(
                    for: request.head, adding: [.contentType: "application/json", .cacheControl: "no-store"]),
                body: ResponseBody(byteBuffer: body))
        case .options:
            return preflightResponse(to: request)
        default:
            return response(to: request, refusing: .methodNotAllowed)
        }
    }

    /// What is not a WebSocket upgrade, or is a refused one.
    fileprivate func response(to request: Request) async -> Response {
        switch request.method {
        case .get, .post, .delete:
            if let refusal = RefusedUpgrade.current?.take() {
                var response = response(to: request, refusing: refusal)
                // NIO's decoder reads nothing after a request that asked for an upgrade.
                response.headers[.connection] = "close"
                return response
            }
            do {
                let identity = try await identify(request.head)
                if WebSocketHandshake.isAsked(by: request.head) { return reusedConnectionResponse(to: request) }
                return response(to: request, refusing: await refusal(of: request.head, identity: identity))
            } catch {
                return response(to: request, refusing: error)
            }
        case .options:
            return preflightResponse(to: request)
        default:
            return response(to: request, refusing: .methodNotAllowed)
        }
    }

    private func response(to request: Request, refusing refusal: HubRefusal) -> Response {
        var headers = origins.headers(
            for: request.head, adding: refusal.text.isEmpty ? [:] : [.contentType: "text/plain"])
        switch refusal.status {
        case .upgradeRequired: headers[.secWebSocketVersion] = "13"
        case .unauthorized: headers[.wwwAuthenticate] = "Bearer"
        case .serviceUnavailable: headers[.retryAfter] = "1"
        default: break
        }
        return Response(
            status: refusal.status, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(string: refusal.text)))
    }

    /// A connection is upgraded with its first request only. The client is sent to make a new one.
    private func reusedConnectionResponse(to request: Request) -> Response {
        Response(
            status: .temporaryRedirect,
            headers: [.location: request.head.path ?? endpoint.path, .connection: "close"])
    }

    private func preflightResponse(to request: Request) -> Response {
        Response(status: .noContent, headers: origins.preflightHeaders(for: request.head))
    }
}

extension AllowedOrigins {
    fileprivate func headers(for request: HTTPRequest, adding headers: HTTPFields) -> HTTPFields {
        headers + self.headers(for: request)
    }
}

extension HTTPRequest.Method {
    /// What a hub answers itself; anything else is 405 where the router knows the method at all.
    fileprivate static let routed: [HTTPRequest.Method] = [
        .get, .post, .delete, .options, .put, .patch, .head, .trace, .connect,
    ]
}
