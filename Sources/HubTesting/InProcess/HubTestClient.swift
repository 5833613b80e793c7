package import HubProtocol
public import HubServer
public import NIOCore
import NIOPosix
import Synchronization

/// A client that is connected to a hub in this process, without a socket; it speaks the hub protocol as clients do.
///
/// ```swift
/// let server = HubServer(backplane: InMemoryBackplane(), names: BackplaneNames(app: "test"), logger: logger)
/// let client = try await HubTestClient.connect(to: server.mount(hub, at: "/chat"))
/// let sum = try await client.invoke("Add", 1, 2, returning: Int.self)
/// ```
public final class HubTestClient: Sendable {
    /// The connection's public id.
    public let connectionID: String
    package let transport: InProcessTransport
    package let inbox: MessageInbox
    let encoding: HubEncoding
    let lastInvocation = Atomic(0)

    private init(
        connectionID: String, transport: InProcessTransport, inbox: MessageInbox, encoding: HubEncoding
    ) {
        self.connectionID = connectionID
        self.transport = transport
        self.inbox = inbox
        self.encoding = encoding
    }

    /// Connects and shakes hands.
    ///
    /// - Parameters:
    ///   - endpoint: A mounted hub.
    ///   - userID: What names the user; nil takes the user's name identifier.
    ///   - user: Who the client is authenticated as.
    ///   - query: The query of the client's URL.
    ///   - headers: The headers of the client's request.
    ///   - speaksMessagePack: Whether the client speaks the `messagepack` protocol instead of `json`.
    ///   - eventLoop: Where the connection lives; nil takes one of the process.
    public static func connect(
        to endpoint: HubEndpoint, userID: String? = nil, user: ClaimsPrincipal? = nil,
        query: [(name: String, value: String)] = [], headers: [(name: String, value: String)] = [],
        speaksMessagePack: Bool = false, on eventLoop: (any EventLoop)? = nil
    ) async throws -> HubTestClient {
        let id = String(UInt64.random(in: .min ... .max), radix: 36)
        let inbox = MessageInbox()
        let encoding = speaksMessagePack ? HubEncoding.messagePack : .json
        let reader = HubTestReader(inbox: inbox, encoding: encoding)
        let transport = InProcessTransport(
            eventLoop: eventLoop ?? NIOSingletons.posixEventLoopGroup.next(), receive: { reader.read($0) },
            onClose: { _ in inbox.end() })
        let reservation = await endpoint.reserve(id)
        let request = ConnectionRequest(
            path: endpoint.path, query: query, headers: headers,
            identity: HubIdentity(user: user, userID: userID ?? user?.nameIdentifier),
            transport: .webSockets)
        try await transport.eventLoop.submit {
            _ = transport.connect(to: endpoint, reservation, request: request)
            transport.send(ByteBuffer(string: "{\"protocol\":\"\(encoding.name)\",\"version\":1}\u{1E}"))
        }.get()
        return HubTestClient(connectionID: id, transport: transport, inbox: inbox, encoding: encoding)
    }

    /// Sends bytes as they are.
    package func send(raw text: String) async throws {
        try await transport.eventLoop.submit { self.transport.send(ByteBuffer(string: text)) }.get()
    }

    package func send(_ message: HubMessage) async throws {
        var bytes = ByteBuffer()
        encoding.write(message, into: &bytes)
        let sent = bytes
        try await transport.eventLoop.submit { self.transport.send(sent) }.get()
    }

    /// Closes the transport, as a client that is gone.
    public func disconnect() async throws {
        try await transport.eventLoop.submit { self.transport.end(error: nil) }.get()
    }
}

/// Reads what a hub writes to a test client: the answer to the handshake, then messages.
final class HubTestReader: Sendable {
    private struct State {
        var splitter = RecordSplitter(maximumRecordSize: .max)
        var isOpen = false
    }

    private let inbox: MessageInbox
    private let encoding: HubEncoding
    private let state = Mutex(State())

    init(inbox: MessageInbox, encoding: HubEncoding) {
        self.inbox = inbox
        self.encoding = encoding
    }

    func read(_ bytes: ByteBuffer) {
        for message in state.withLock({ messages(in: bytes, &$0) }) { inbox.put(message) }
    }

    private func messages(in bytes: ByteBuffer, _ state: inout State) -> [HubMessage] {
        var messages: [HubMessage] = []
        state.splitter.feed(bytes)
        while let record = (try? state.splitter.next()) ?? nil {
            if state.isOpen {
                messages.append((try? encoding.parse(record)) ?? .unknown(type: 0))
            } else {
                state.isOpen = true
                state.splitter.encoding = encoding
            }
        }
        return messages
    }
}
