public import HubProtocol
public import HubServer
import HubTransports

/// How clients may reach hubs.
public struct HTTPHubOptions: Sendable {
    /// The pages that may use the hubs from a browser.
    public var allowedOrigins = AllowedOrigins.sameOrigin

    /// How clients are authenticated; nil for not at all. Which hubs and methods are for whom, hubs say themselves
    /// (``HubServer/Hub/requireAuthorization(_:)``).
    public var authentication: HubAuthentication?

    /// What names a user in sends (ASP.NET's `IUserIdProvider`).
    public var userIDProvider: @Sendable (ClaimsPrincipal) -> String? = { $0.nameIdentifier }

    /// Whether a connection is closed, to be made anew, when what its client was authenticated with expires (ASP.NET's
    /// `CloseOnAuthenticationExpiration`).
    public var closesOnAuthenticationExpiration = false

    /// Whether clients may show a newer token while they are connected, with `POST PATH/refresh?id=TOKEN`
    /// (`EnableAuthenticationRefresh` of .NET 11).
    public var enablesAuthenticationRefresh = false

    /// Decides whether a client that shows a newer token may go on as what it is now (`OnAuthenticationRefresh`). It gets
    /// what the client was and what it would be. Its user can never become another one.
    public var onAuthenticationRefresh: @Sendable (_ before: ClaimsPrincipal?, _ after: ClaimsPrincipal) async -> Bool =
        { _, _ in true }

    /// How clients may be connected. Which of these a client uses is its choice, in ASP.NET's order.
    public var transports = Set(HubTransportType.allCases)

    /// The most bytes that a client may send with one `POST`: clients join what waits while one is under way.
    public var maximumPostSize = 4 * 1024 * 1024

    /// How many bytes of `POST`s that are larger than 64 KiB this node takes in at once, of all connections together;
    /// further ones wait, unread.
    public var largePostBufferSize = 32 * 1024 * 1024

    /// How long a `POST` may take until the connection has its bytes; then the client is answered 429, or cut off where it
    /// still sends. Shorter than the 100 seconds after which clients give a request up.
    public var postTimeout: Duration = .seconds(90)

    /// How long after negotiating a client may take to connect (ASP.NET's `DisconnectTimeout`).
    public var connectTimeout: Duration = .seconds(15)

    /// How many clients this node takes, and how fast.
    public var limits = ConnectionLimits()

    /// Whose word is taken on where a request comes from.
    public var trustedProxies = TrustedProxies.none

    /// The lowest version of negotiation that is answered (`MinimumProtocolVersion`).
    public var minimumProtocolVersion = 0

    /// Whether a client whose WebSocket was cut may go on with its connection over another one, at any node: what neither
    /// side has received is sent again (`AllowStatefulReconnects`). Clients have to ask for it.
    public var allowsStatefulReconnects = false

    /// Chooses the WebSocket sub-protocol of a connection among those that the client offers, nil for none
    /// (`WebSockets.SubProtocolSelector`). What is not offered makes the client fail.
    public var webSocketSubProtocolSelector: (@Sendable (_ offered: [String]) -> String?)?

    /// What signs connection tokens, the same on all nodes and of at least 16 bytes; `nil` lets the nodes agree on one through the
    /// backplane. Clients that were connected with an earlier value keep their connections.
    public var clusterSecret: RotatingSecret?

    /// Whether clients are answered to `negotiate` before the router is asked, which saves a good part of what a connect
    /// costs. The router's middleware does not see these requests then, as it does not see accepted WebSockets.
    public var negotiatesBeforeRouter = false

    /// Whether polls of clients are answered before the router is asked, which saves most of what a poll that waits takes
    /// in memory. The router's middleware does not see these requests then. Any other request on the same connection, but those of
    /// ``negotiatesBeforeRouter`` and ``sendsBeforeRouter``, makes that the router's for good.
    public var pollsBeforeRouter = false

    /// Whether a `POST` of a client that has at most 4 KiB, and says so, is answered before the router is asked. The router's
    /// middleware does not see these requests then.
    public var sendsBeforeRouter = false

    /// Whether an event stream leaves the task that has answered its request, which would take more than half of its memory.
    /// Clients of HTTP/1.1 then have a connection for the stream alone, and the router's middleware sees how the answer begins,
    /// but not what is in it: keep it off where middleware changes bodies.
    public var detachesEventStreams = false

    /// The default options.
    public init() {}
}

extension HTTPHubOptions {
    /// Made once: what it counts is all of a node's.
    var security: HubSecurity {
        var security = HubSecurity()
        security.origins = allowedOrigins
        security.authenticator = authentication?.authenticator
        security.userID = userIDProvider
        security.closesOnAuthenticationExpiration = closesOnAuthenticationExpiration
        security.limiter = ConnectionLimiter(limits)
        security.trustedProxies = trustedProxies
        security.enablesAuthenticationRefresh = enablesAuthenticationRefresh
        return security
    }
}
