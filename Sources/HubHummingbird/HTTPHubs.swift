import HTTPTypes
import HubProtocol
public import HubServer
import HubTransports
import Synchronization

/// The hubs of a ``HubServer`` as clients reach them over HTTP.
///
/// ```swift
/// let hubs = HTTPHubs(server: server)
/// router.hub("/chat", chat, on: hubs)
/// let application = Application(router: router, server: .http1WithHubs(hubs), services: [server])
/// ```
public final class HTTPHubs: Sendable {
    private struct State {
        var accesses: [String: HubAccess] = [:]
        /// The spelling that routes have, by lower-case path.
        var spellings: [String: String] = [:]
    }

    /// What holds the connections.
    public let server: HubServer
    let options: HTTPHubOptions
    private let tokens: ConnectionTokens
    private let security: HubSecurity
    private let posts: PostAdmission
    private let state = Mutex(State())

    /// Creates a set without hubs.
    ///
    /// - Parameter options: Limits and times. One that cannot be, such as a time below 0, is a programmer's error and stops the
    ///   program.
    public init(server: HubServer, options: HTTPHubOptions = HTTPHubOptions()) {
        if let problem = options.problem { preconditionFailure("HTTPHubOptions: \(problem)") }
        self.server = server
        self.options = options
        security = options.security
        posts = PostAdmission(largeBodySize: options.largePostBufferSize)
        tokens = ConnectionTokens(
            backplane: server.backplane, time: server.time, names: server.names, secret: options.clusterSecret,
            lifetime: options.connectTimeout, logger: server.logger)
    }

    /// Mounts a hub. Mounting two at one path is a programmer's error.
    func mount(_ hub: Hub, at path: String, transports: Set<HubTransportType>) -> HubAccess {
        let endpoint = server.mount(hub, at: path, mayAuthenticateAnew: options.onAuthenticationRefresh)
        return mount(endpoint, transports: transports)
    }

    /// The same for connections that are no hub's.
    func mount(
        _ handler: @escaping ClientConnectionHandler, at path: String, transports: Set<HubTransportType>,
        authorization: AuthorizationPolicy?, maximumMessageSize: Int
    ) -> HubAccess {
        let endpoint = server.mount(
            handler, at: path, authorization: authorization, maximumMessageSize: maximumMessageSize,
            mayAuthenticateAnew: options.onAuthenticationRefresh)
        return mount(endpoint, transports: transports)
    }

    private func mount(_ endpoint: HubEndpoint, transports: Set<HubTransportType>) -> HubAccess {
        let path = endpoint.path
        let access = HubAccess(
            endpoint: endpoint, tokens: tokens, security: security, posts: posts, postTimeout: options.postTimeout,
            transports: transports,
            minimumProtocolVersion: options.minimumProtocolVersion,
            // It counts messages of the hub protocol.
            allowsStatefulReconnects: options.allowsStatefulReconnects && endpoint.clientConnections == nil,
            subProtocol: options.webSocketSubProtocolSelector)
        state.withLock { state in
            let previous = state.accesses.updateValue(access, forKey: path.lowercased())
            precondition(previous == nil, "a hub is mounted at \(path) already")
            for path in [path, path + "/negotiate", path + "/refresh"] { state.spellings[path.lowercased()] = path }
        }
        return access
    }

    /// Hub paths match without regard to case, as in ASP.NET.
    func access(at path: some StringProtocol) -> HubAccess? {
        let path = path.lowercased()
        return state.withLock { $0.accesses[path] }
    }

    /// The hub whose WebSocket a request asks for. With a body, no request does.
    func access(upgradedBy request: HTTPRequest) -> HubAccess? {
        guard HubAccess.transport(askedBy: request) == .webSockets,
            request.headerFields[.transferEncoding] == nil, (request.headerFields[.contentLength] ?? "0") == "0"
        else { return nil }
        return access(at: RequestTarget(request.path ?? "").path)
    }

    /// The hub whose negotiate path this is.
    func negotiatedAccess(at path: some StringProtocol) -> HubAccess? { access(at: path, before: "/negotiate") }

    /// The hub whose refresh path this is.
    func refreshedAccess(at path: some StringProtocol) -> HubAccess? { access(at: path, before: "/refresh") }

    private func access(at path: some StringProtocol, before suffix: String) -> HubAccess? {
        guard path.count > suffix.count, path.suffix(suffix.count).lowercased() == suffix else { return nil }
        return access(at: path.dropLast(suffix.count))
    }

    /// The path as routes have it, or `nil` where it is none of a hub or spelt so already.
    func spelling(of path: some StringProtocol) -> String? {
        let key = path.lowercased()
        return state.withLock { $0.spellings[key] }.flatMap { $0 == path ? nil : $0 }
    }
}
