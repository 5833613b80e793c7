public import NIOCore
import NIOHTTP1
import NIOPosix
public import NIOWebSocket

/// A WebSocket client for tests, built on NIO's own WebSocket handlers.
///
/// Messages are received one after the other with ``next()``; pings are answered by the client itself.
public final class WebSocketTestClient: Sendable {
    /// What the server sent.
    public enum Event: Sendable, Equatable {
        case text(String)
        case binary(ByteBuffer)
        case pong(ByteBuffer)
        /// The server's close frame, with its code if it had one.
        case close(WebSocketErrorCode?)
    }

    /// The server answered the upgrade with something else than 101.
    public struct UpgradeRefused: Error, Equatable {
        public let status: Int
        public let body: String

        /// What a test compares with.
        public init(status: Int, body: String) {
            self.status = status
            self.body = body
        }
    }

    /// The connection ended.
    public struct Disconnected: Error {
        public init() {}
    }

    private let channel: any Channel
    private let events: Mailbox<Event>

    private init(channel: any Channel, events: Mailbox<Event>) {
        self.channel = channel
        self.events = events
    }

    /// Opens a WebSocket.
    ///
    /// - Parameters:
    ///   - url: `ws://host:port/path?query`; `http` is taken for `ws`.
    ///   - headers: Added to the request.
    /// - Throws: ``UpgradeRefused`` with the server's answer.
    public static func connect(
        to url: String, headers: [(String, String)] = []
    ) async throws -> WebSocketTestClient {
        let url = try TestURL(url)
        let events = Mailbox<Event>()
        let upgrade = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connectTimeout(.seconds(10))
            .connect(host: url.host, port: url.port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureUpgradableHTTPClientPipeline(
                        configuration: configuration(of: url, headers: headers, events: events))
                }
            }
        switch try await upgrade.get() {
        case .webSocket(let channel): return WebSocketTestClient(channel: channel, events: events)
        case .refused(let response): throw try await response.get()
        }
    }

    /// The next thing the server sent.
    ///
    /// - Throws: ``Disconnected`` when the connection has ended.
    public func next() async throws -> Event {
        guard let event = await events.next() else { throw Disconnected() }
        return event
    }

    /// Sends a text message.
    public func send(_ text: String) async throws {
        try await send(WebSocketFrame(fin: true, opcode: .text, maskKey: .random(), data: ByteBuffer(string: text)))
    }

    /// Sends a binary message.
    public func send(_ bytes: ByteBuffer) async throws {
        try await send(WebSocketFrame(fin: true, opcode: .binary, maskKey: .random(), data: bytes))
    }

    /// Sends a message after those before, without waiting.
    package func write(_ bytes: ByteBuffer, isText: Bool) {
        let frame = WebSocketFrame(fin: true, opcode: isText ? .text : .binary, maskKey: .random(), data: bytes)
        channel.writeAndFlush(frame, promise: nil)
    }

    /// Sends any frame, as it is.
    public func send(_ frame: WebSocketFrame) async throws {
        try await channel.writeAndFlush(frame)
    }

    /// Sends a close frame, waits for the server to close the connection, and returns the code of its close frame.
    @discardableResult
    public func close(code: WebSocketErrorCode = .normalClosure) async throws -> WebSocketErrorCode? {
        var payload = ByteBuffer()
        payload.write(webSocketErrorCode: code)
        try await send(WebSocketFrame(fin: true, opcode: .connectionClose, maskKey: .random(), data: payload))
        return try await closeCode()
    }

    /// Reads on to the server's close frame and waits for the connection's end.
    public func closeCode() async throws -> WebSocketErrorCode? {
        while true {
            if case .close(let code) = try await next() {
                try await channel.closeFuture.get()
                return code
            }
        }
    }

    /// Ends the connection without a close frame.
    public func disconnect() async {
        try? await channel.close()
    }

    /// The same without waiting.
    package func cut() { channel.close(promise: nil) }

    /// Ends the sending half of the connection only.
    public func halfClose() async throws {
        try await channel.close(mode: .output)
    }

    /// Returns when the connection has ended.
    public func waitUntilClosed() async throws {
        try await channel.closeFuture.get()
    }

    /// Stops or goes on reading what the server sends: a client that does not keep up.
    public func setReading(_ isReading: Bool) async throws {
        try await channel.setOption(.autoRead, value: isReading).get()
    }
}

extension WebSocketTestClient {
    private enum Opening: Sendable {
        case webSocket(any Channel)
        case refused(EventLoopFuture<UpgradeRefused>)
    }

    private static func configuration(
        of url: TestURL, headers: [(String, String)], events: Mailbox<Event>
    ) -> NIOUpgradableHTTPClientPipelineConfiguration<Opening> {
        var head = HTTPRequestHead(version: .http1_1, method: .GET, uri: url.target)
        head.headers.add(name: "Host", value: url.authority)
        for (name, value) in headers { head.headers.add(name: name, value: value) }
        let upgrader = NIOTypedWebSocketClientUpgrader<Opening>(
            maxFrameSize: 1 << 24, enableAutomaticErrorHandling: false
        ) { channel, _ in
            channel.eventLoop.makeCompletedFuture {
                let pipeline = channel.pipeline.syncOperations
                try pipeline.addHandler(
                    NIOWebSocketFrameAggregator(
                        minNonFinalFragmentSize: 0, maxAccumulatedFrameCount: 1 << 16,
                        maxAccumulatedFrameSize: 1 << 26))
                try pipeline.addHandler(WebSocketEvents(events: events))
                return .webSocket(channel)
            }
        }
        var configuration = NIOUpgradableHTTPClientPipelineConfiguration(
            upgradeConfiguration: NIOTypedHTTPClientUpgradeConfiguration(
                upgradeRequestHead: head, upgraders: [upgrader]
            ) { channel in
                channel.eventLoop.makeCompletedFuture {
                    let response = channel.eventLoop.makePromise(of: UpgradeRefused.self)
                    try channel.pipeline.syncOperations.addHandler(RefusalReader(response: response))
                    return .refused(response.futureResult)
                }
            })
        configuration.leftOverBytesStrategy = .forwardBytes
        return configuration
    }
}

/// Turns frames into events and answers pings.
private final class WebSocketEvents: ChannelInboundHandler {
    typealias InboundIn = WebSocketFrame
    typealias OutboundOut = WebSocketFrame

    private let events: Mailbox<WebSocketTestClient.Event>

    init(events: Mailbox<WebSocketTestClient.Event>) {
        self.events = events
    }

    func handlerAdded(context: ChannelHandlerContext) {
        // Not `channelInactive`: a server that closes at once is gone before this handler is there.
        context.channel.closeFuture.whenComplete { [events] _ in events.finish() }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let frame = unwrapInboundIn(data)
        switch frame.opcode {
        case .text: events.put(.text(String(buffer: frame.data)))
        case .binary: events.put(.binary(frame.data))
        case .pong: events.put(.pong(frame.data))
        case .ping:
            let pong = WebSocketFrame(fin: true, opcode: .pong, maskKey: .random(), data: frame.data)
            context.writeAndFlush(wrapOutboundOut(pong), promise: nil)
        case .connectionClose:
            var payload = frame.data
            events.put(.close(payload.readWebSocketErrorCode()))
            let answer = WebSocketFrame(fin: true, opcode: .connectionClose, maskKey: .random(), data: frame.data)
            context.writeAndFlush(wrapOutboundOut(answer), promise: nil)
        default: break
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }
}

/// Reads the response that came in place of a 101.
private final class RefusalReader: ChannelInboundHandler {
    typealias InboundIn = HTTPClientResponsePart

    private let response: EventLoopPromise<WebSocketTestClient.UpgradeRefused>
    private var status = 0
    private var body = ByteBuffer()

    init(response: EventLoopPromise<WebSocketTestClient.UpgradeRefused>) {
        self.response = response
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head): status = Int(head.status.code)
        case .body(let bytes): body.writeImmutableBuffer(bytes)
        case .end:
            response.succeed(WebSocketTestClient.UpgradeRefused(status: status, body: String(buffer: body)))
            context.close(promise: nil)
        }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        response.fail(WebSocketTestClient.Disconnected())
    }
}
