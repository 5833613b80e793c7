package import HTTPTypes
package import HubProtocol
package import HubServer

/// A hub as its clients reach it over HTTP: the rules of negotiating and attaching, without sockets.
package struct HubAccess: Sendable {
    package let endpoint: HubEndpoint
    /// Those that clients may use.
    package let transports: Set<HubTransportType>
    let tokens: ConnectionTokens
    let security: HubSecurity
    /// Clients that negotiate a lower version are refused.
    let minimumProtocolVersion: Int
    let allowsStatefulReconnects: Bool
    package let subProtocol: WebSocketSubProtocolSelector?
    let posts: PostAdmission
    /// How long a `POST` may take until its bytes are taken.
    let postTimeout: Duration

    package init(
        endpoint: HubEndpoint, tokens: ConnectionTokens, security: HubSecurity, posts: PostAdmission,
        postTimeout: Duration,
        transports: Set<HubTransportType> = Set(HubTransportType.allCases), minimumProtocolVersion: Int = 0,
        allowsStatefulReconnects: Bool = false, subProtocol: WebSocketSubProtocolSelector? = nil
    ) {
        self.endpoint = endpoint
        self.tokens = tokens
        self.security = security
        self.posts = posts
        self.postTimeout = postTimeout
        self.transports = transports
        self.minimumProtocolVersion = minimumProtocolVersion
        self.allowsStatefulReconnects = allowsStatefulReconnects
        self.subProtocol = subProtocol
    }

    package var origins: AllowedOrigins { security.origins }

    /// Where what is answered to clients is counted.
    package var refusals: RefusalCounters { security.refusals }

    func audience(_ identity: HubIdentity) -> ConnectionToken.Audience {
        ConnectionToken.Audience(path: endpoint.path.lowercased(), userID: identity.userID)
    }
}

/// Why a request of a client is refused: a status and a short text, which client tests compare where ASP.NET has one.
package struct HubRefusal: Error, Sendable, Equatable {
    package let status: HTTPResponse.Status
    package let text: String
    /// After how many seconds the client may try again, where that helps.
    package let retryAfter: Int?
    /// The methods that there are, where it was another one (RFC 9110, section 15.5.6).
    package let allowed: [HTTPRequest.Method]

    /// Why the client is to come again later; nil where that does not help.
    package let reason: RefusalReason?

    init(status: HTTPResponse.Status, text: String, allowed: [HTTPRequest.Method] = []) {
        self.status = status
        self.text = text
        self.allowed = allowed
        retryAfter = nil
        reason = nil
    }

    /// - Parameter retryAfter: In seconds.
    init(_ reason: RefusalReason, text: String, retryAfter: Int = 1) {
        status = reason.isOfClient ? .tooManyRequests : .serviceUnavailable
        self.text = text
        self.retryAfter = retryAfter
        allowed = []
        self.reason = reason
    }

    /// A client shows nothing that says who it is, or something that is not believed.
    static let unauthorized = HubRefusal(status: .unauthorized, text: "")
    /// It is known who the client is, and the hub is not for them.
    static let forbidden = HubRefusal(status: .forbidden, text: "")
    static let authenticationUnavailable = HubRefusal(
        .authenticationUnavailable, text: "Authentication is not available")
    static let idRequired = HubRefusal(status: .badRequest, text: "Connection ID required")
    static let unknownConnection = HubRefusal(status: .notFound, text: "No Connection with that ID")
    static let alreadyAttached = HubRefusal(
        status: .conflict, text: "A transport is attached to the connection already")
    static let originNotAllowed = HubRefusal(status: .forbidden, text: "Origin not allowed")
    static let shuttingDown = HubRefusal(.shuttingDown, text: "The server is shutting down")
    static let otherTransport = HubRefusal(status: .badRequest, text: "Cannot change transports mid-connection")
    static let backplaneAway = HubRefusal(.unavailable, text: "The server cannot take connections now")
    static let tooManySends = HubRefusal(.tooManySends, text: "What the connection was sent before is not read yet")
    package static let bodyTooLarge = HubRefusal(status: .contentTooLarge, text: "The request is too large")
    package static let bodyUnreadable = HubRefusal(status: .badRequest, text: "The request could not be read")
    package static let notUpgradable = HubRefusal(
        status: .badRequest, text: "The connection cannot become a WebSocket")
    static let noSendToWebSocket = HubRefusal(
        status: .methodNotAllowed, text: "POST requests are not allowed for WebSocket connections.",
        allowed: [.get, .options])
    static let notTerminable = HubRefusal(
        status: .badRequest, text: "Cannot terminate this connection using the DELETE endpoint.")

    package static func allowsOnly(_ methods: [HTTPRequest.Method]) -> HubRefusal {
        HubRefusal(status: .methodNotAllowed, text: "Method not allowed", allowed: methods)
    }

    static func notEnabled(_ transport: HubTransportType) -> HubRefusal {
        HubRefusal(status: .notFound, text: "\(transport.rawValue) transport not enabled")
    }
}
