/// Limits and times of a ``HubServer``: times are longer than 0, limits at least 1. The defaults are those of ASP.NET Core SignalR where it has the option too.
public struct HubOptions: Sendable {
    /// How long a client may take from its connect to the end of its handshake.
    public var handshakeTimeout: Duration = .seconds(15)

    /// After this long without a message to a client, a ping is sent. At most half of the clients' server timeout, and not
    /// longer than ``clientTimeoutInterval``.
    public var keepAliveInterval: Duration = .seconds(15)

    /// After this long without a message from a client that has pinged at least once, its connection is closed.
    public var clientTimeoutInterval: Duration = .seconds(30)

    /// The longest message, in bytes, that a client may send; a longer one closes its connection.
    public var maximumReceiveMessageSize = 32 * 1024

    /// The protocols that clients may choose in their handshake (`SupportedProtocols`).
    public var supportedProtocols: Set<String> = ["json", "messagepack"]

    /// Whether clients are told what kind of error a method failed with. A ``HubError`` is always told.
    public var enableDetailedErrors = false

    /// How many invocations of one client run at the same time; further ones wait in their order. Streams and what else runs
    /// in the background do not count. Each begins when the one before has come to where it first waits: a method that
    /// computes for long without waiting keeps the next ones from beginning.
    /// ``Hub/init(name:maximumParallelInvocationsPerClient:)`` overrides it for one hub.
    public var maximumParallelInvocationsPerClient = 1

    /// How many streams, long-running invocations and invocations with uploads of one client run at the same time; further
    /// ones are refused.
    public var maximumParallelStreamsPerClient = 100

    /// How many items of each stream that a client sends may wait for the method that reads them; a client that is further
    /// ahead is held up.
    public var streamBufferCapacity = 10

    /// How long a client may take to answer an invocation of the hub's (``HubSingleClientProxy``) where the call does not say.
    public var clientResultTimeout: Duration = .seconds(30)

    /// How many bytes of messages may wait for a slow client; beyond, its connection is closed.
    public var maximumOutboxSize = 1024 * 1024

    /// How long a transport may take no bytes while some wait; then its connection is closed.
    public var transportSendTimeout: Duration = .seconds(10)

    /// How long a poll waits for messages. Shorter than the 100 seconds after which clients give a request up.
    public var pollTimeout: Duration = .seconds(90)

    /// How long a connection lives while no request of its client is there: before its stream or first poll, between two
    /// polls, and after it has lost its WebSocket, where the client may open another one.
    public var disconnectTimeout: Duration = .seconds(15)

    /// How many bytes of what a client has sent by `POST` may wait to be read; further ones are accepted when half of it is
    /// read.
    public var applicationMaxBufferSize = 64 * 1024

    /// How many bytes of messages go to a client with one poll, about.
    public var transportMaxBufferSize = 64 * 1024

    /// How many bytes of messages that a client has not acknowledged are kept for it, where it may go on over another
    /// WebSocket (stateful reconnect); beyond, further messages wait.
    public var statefulReconnectBufferSize = 100_000

    /// How long the node that holds a connection may be silent about a request for it that arrived at another node; then
    /// the client is answered 503.
    public var relayTimeout: Duration = .seconds(10)

    /// How long a transport may take to end after it was told to, as a WebSocket whose client is to answer a close frame
    /// (`WebSockets.CloseTimeout`); then it is cut. A client that polls has its ``disconnectTimeout``.
    public var closeTimeout: Duration = .seconds(5)

    /// The same of a WebSocket when the server shuts down: the process has to end.
    public var goingAwayTimeout: Duration = .seconds(1)

    /// How long methods that run may go on when the server shuts down. Clients that wait for none are told to reconnect one
    /// after the other during this time, so that other nodes do not get them all at once. With 0 everybody is told at once.
    public var drainTimeout: Duration = .zero

    /// How long ``HubServer/shutdown()`` then waits for connections to end in good order; then it cuts them.
    public var shutdownTimeout: Duration = .seconds(5)

    private(set) var filters: [any HubFilter] = []

    /// Adds a filter to all hubs; it runs within those that were added before.
    public mutating func addFilter(_ filter: any HubFilter) { filters.append(filter) }

    /// The default options.
    public init() {}
}
