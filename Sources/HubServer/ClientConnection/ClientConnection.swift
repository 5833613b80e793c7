import Logging
public import NIOCore
import Synchronization

/// Serves a client's connection that speaks no hub protocol; the connection closes when it returns.
public typealias ClientConnectionHandler = @Sendable (ClientConnection) async throws -> Void

/// A client's connection without a hub: what ASP.NET gives its `ConnectionHandler`s.
///
/// Clients negotiate and connect as for a hub, over any transport and through any node; what they send is the handler's.
///
/// ```swift
/// router.connections("/echo", on: hubs) { connection in
///     for await message in connection.messages { try await connection.send(message) }
/// }
/// ```
public final class ClientConnection: Sendable {
    /// What a client or a handler says: of a WebSocket a whole message; of the other transports bytes, cut anywhere.
    public struct Message: Sendable, Equatable {
        /// What is said.
        public var bytes: ByteBuffer
        /// Whether it is text, which only WebSockets tell from bytes.
        public var isText: Bool

        /// Creates a message.
        public init(bytes: ByteBuffer, isText: Bool = false) {
            self.bytes = bytes
            self.isText = isText
        }
    }

    /// A handler said something to a client that has gone.
    public struct Closed: Error, CustomStringConvertible {
        public var description: String { "The client's connection is closed" }
    }

    /// The request with which the client connected.
    public let request: ConnectionRequest
    package let endpoint: HubEndpoint
    private let reservation: ConnectionReservation
    private let owner: ClientConnections
    private let principal: Mutex<ClaimsPrincipal?>
    package let eventLoop: any EventLoop
    private let loopState: NIOLoopBound<ClientConnectionState>

    /// Call on the transport's event loop.
    package init(
        _ reservation: ConnectionReservation, request: ConnectionRequest, transport: any ConnectionTransport,
        endpoint: HubEndpoint, among owner: ClientConnections
    ) {
        self.request = request
        self.endpoint = endpoint
        self.reservation = reservation
        self.owner = owner
        principal = Mutex(request.identity.user)
        eventLoop = transport.eventLoop
        let timer = endpoint.server.timer(on: eventLoop) { transport.close(.abort) }
        let state = ClientConnectionState(
            transport: transport, timer: timer, limit: endpoint.options.applicationMaxBufferSize,
            sendTimeout: endpoint.options.transportSendTimeout)
        loopState = NIOLoopBound(state, eventLoop: eventLoop)
    }

    /// The connection's public id.
    public var id: String { reservation.id }

    /// Who the client is, where it was authenticated: as of its last request or refresh.
    public var user: ClaimsPrincipal? { principal.withLock { $0 } }

    /// What names the client's user. It does not change while the connection lives.
    public var userID: String? { request.userID }

    /// What the client says, to its end. For one reader. A client that says more than is read is held up.
    public var messages: Messages { Messages(connection: self) }

    /// Sends a message. Returns when the transport has taken it, so that a slow client holds up its handler.
    ///
    /// - Throws: ``Closed`` where the client has gone.
    public func send(_ message: Message) async throws {
        try await withCheckedThrowingContinuation { sender in
            eventLoop.execute { self.state.send(message, sender) }
        }
    }

    /// Ends the connection in good order: the client's messages end, and sending throws. From any thread.
    public func close() {
        eventLoop.execute { self.state.close(.normal) }
    }

    fileprivate func next() async -> Message? {
        await withCheckedContinuation { reader in
            eventLoop.execute { self.state.read(reader) }
        }
    }

    private var state: ClientConnectionState { loopState.value }

    /// The messages of a client.
    public struct Messages: AsyncSequence, Sendable {
        fileprivate let connection: ClientConnection

        /// Iterates over them.
        public struct Iterator: AsyncIteratorProtocol {
            fileprivate let connection: ClientConnection

            public func next() async -> Message? { await connection.next() }
        }

        public func makeAsyncIterator() -> Iterator { Iterator(connection: connection) }
    }
}

// MARK: The transport, on its event loop

extension ClientConnection {
    /// The transport can be written to.
    package func start() {
        let end = endpoint.server.arrived { [weak self] in
            guard let self else { return }
            eventLoop.execute { self.state.close(.goingAway) }
        }
        owner.add(self)
        state.whenOver = { [owner, reservation, request] in
            owner.remove(self)
            end()
            reservation.release()
            request.place?.release()
        }
        if let expiration = request.identity.connectionEnd { authenticated(until: expiration) }
        state.task = Task { [owner, endpoint] in
            // Where it is addressed, besides its own channel.
            let addresses: [HubAddress] = userID.map { [.all, .user($0)] } ?? [.all]
            for address in addresses where !endpoint.subscriptions.retainIfConfirmed(address) {
                await endpoint.subscriptions.retain(address)
            }
            defer { for address in addresses { endpoint.subscriptions.release(address) } }
            let close: TransportClose
            do {
                try await owner.handler(self)
                close = .normal
            } catch is Closed {
                close = .normal
            } catch {
                endpoint.logger.warning("A connection's handler failed", metadata: ["error": "\(type(of: error))"])
                close = .failed
            }
            eventLoop.execute { self.state.close(close) }
        }
    }

    /// Takes a piece of a message.
    package func receive(_ bytes: ByteBuffer, isText: Bool, endsMessage: Bool) {
        state.receive(bytes, isText: isText, endsMessage: endsMessage, limit: owner.maximumMessageSize)
    }

    /// The client has shown who it is, anew. From any thread.
    package func authenticated(as identity: HubIdentity) {
        principal.withLock { $0 = identity.user }
        eventLoop.execute { self.authenticated(until: identity.connectionEnd) }
    }

    private func authenticated(until end: ContinuousClock.Instant?) {
        state.authenticated(until: end) { action in endpoint.server.timer(on: eventLoop, action) }
    }

    package func transportBecameWritable() { state.write() }

    /// The transport has closed, whoever closed it.
    package func transportClosed() { state.end() }
}
