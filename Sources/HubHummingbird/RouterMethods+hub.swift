import HTTPTypes
public import HubProtocol
public import HubServer
import HubTransports
public import Hummingbird

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
    ///   - transports: Those that clients may use; nil for those of the ``HTTPHubOptions``.
    @discardableResult
    public func hub(
        _ path: String, _ hub: Hub, on hubs: HTTPHubs, transports: Set<HubTransportType>? = nil
    ) -> Self {
        let access = hubs.mount(hub, at: path, transports: transports ?? hubs.options.transports)
        addRoutes(of: access, maximumPostSize: hubs.options.maximumPostSize)
        return self
    }

    /// Mounts a handler of connections that speak no hub protocol (ASP.NET's `MapConnectionHandler`). Clients negotiate and
    /// connect as for a hub, over any transport and through any node.
    ///
    /// - Parameters:
    ///   - path: The whole path from the root, in whatever group this is.
    ///   - hubs: What the server serves.
    ///   - transports: Those that clients may use; nil for those of the ``HTTPHubOptions``.
    ///   - authorization: Who may connect, as with ``HubServer/Hub/requireAuthorization(_:)``; nil for everybody.
    ///   - maximumMessageSize: The longest message that a client may send over a WebSocket, in bytes; a longer one ends its
    ///     connection.
    ///   - handler: Serves a connection, which closes when it returns: in good order, or as failed where it throws.
    @discardableResult
    public func connections(
        _ path: String, on hubs: HTTPHubs, transports: Set<HubTransportType>? = nil,
        authorization: AuthorizationPolicy? = nil, maximumMessageSize: Int = 1024 * 1024,
        _ handler: @escaping ClientConnectionHandler
    ) -> Self {
        let access = hubs.mount(
            handler, at: path, transports: transports ?? hubs.options.transports, authorization: authorization,
            maximumMessageSize: maximumMessageSize)
        addRoutes(of: access, maximumPostSize: hubs.options.maximumPostSize)
        return self
    }

    private func addRoutes(of access: HubAccess, maximumPostSize: Int) {
        let path = RouterPath(stringLiteral: access.endpoint.path)
        let negotiatePath = RouterPath(stringLiteral: "\(path)/negotiate")
        let refreshPath = RouterPath(stringLiteral: "\(path)/refresh")
        for method in HTTPRequest.Method.routed {
            on(path, method: method) { request, _ in
                await access.response(to: request, maximumPostSize: maximumPostSize).without(bodyFor: method)
            }
            on(negotiatePath, method: method) { request, _ in
                await access.negotiateResponse(to: request).without(bodyFor: method)
            }
            on(refreshPath, method: method) { request, _ in
                await access.refreshResponse(to: request).without(bodyFor: method)
            }
        }
    }
}

extension HTTPRequest.Method {
    /// Those that the router brings to a hub; the others never reach it (``HTTPHubs/refusal(ofMethodIn:)``).
    static let routed: [HTTPRequest.Method] = [
        .get, .post, .delete, .options, .put, .patch, .head, .trace, .connect,
    ]
}

extension Response {
    /// A body after the answer to HEAD would be read as the beginning of the next answer (RFC 9110, section 9.3.2).
    fileprivate func without(bodyFor method: HTTPRequest.Method) -> Response {
        method == .head ? createHeadResponse() : self
    }
}
