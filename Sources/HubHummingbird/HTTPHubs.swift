public import HubProtocol
public import HubServer
public import HubTransports
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
    private let state = Mutex(State())

    /// Creates a set without hubs.
    public init(server: HubServer, options: HTTPHubOptions = HTTPHubOptions()) {
        self.server = server
        self.options = options
        tokens = ConnectionTokens(
            backplane: server.backplane, names: server.names, secret: options.clusterSecret,
            lifetime: options.connectTimeout, logger: server.logger)
    }

    /// Mounts a hub. Mounting two at one path is a programmer's error.
    func mount(_ hub: Hub, at path: String, transports: Set<HubTransportType>) -> HubAccess {
        let access = HubAccess(
            endpoint: server.mount(hub, at: path), tokens: tokens, origins: options.allowedOrigins,
            transports: transports)
        state.withLock { state in
            let previous = state.accesses.updateValue(access, forKey: path.lowercased())
            precondition(previous == nil, "a hub is mounted at \(path) already")
            for path in [path, path + "/negotiate"] { state.spellings[path.lowercased()] = path }
        }
        return access
    }

    /// Hub paths match without regard to case, as in ASP.NET.
    func access(at path: some StringProtocol) -> HubAccess? {
        let path = path.lowercased()
        return state.withLock { $0.accesses[path] }
    }

    /// The hub whose negotiate path this is.
    func negotiatedAccess(at path: some StringProtocol) -> HubAccess? {
        let suffix = "/negotiate"
        guard path.count > suffix.count, path.suffix(suffix.count).lowercased() == suffix else { return nil }
        return access(at: path.dropLast(suffix.count))
    }

    /// The path as routes have it, or `nil` where it is none of a hub or spelt so already.
    func spelling(of path: some StringProtocol) -> String? {
        let key = path.lowercased()
        return state.withLock { $0.spellings[key] }.flatMap { $0 == path ? nil : $0 }
    }
}

/// How clients may reach hubs.
public struct HTTPHubOptions: Sendable {
    /// The pages that may use the hubs from a browser.
    public var allowedOrigins = AllowedOrigins.sameOrigin

    /// How clients may be connected. Which of these a client uses is its choice, in ASP.NET's order.
    public var transports = Set(HubTransportType.allCases)

    /// The most bytes that a client may send with one `POST`: clients join what waits while one is under way.
    public var maximumPostSize = 4 * 1024 * 1024

    /// How long after negotiating a client may take to connect (ASP.NET's `DisconnectTimeout`).
    public var connectTimeout: Duration = .seconds(15)

    /// What signs connection tokens, the same on all nodes; `nil` lets the nodes agree on one through the backplane.
    public var clusterSecret: [UInt8]?

    /// Whether clients are answered to `negotiate` before the router is asked, which saves a good part of what a connect
    /// costs. The router's middleware does not see these requests then, as it does not see accepted WebSockets.
    public var negotiatesBeforeRouter = false

    /// The default options.
    public init() {}
}
