import NIOCore
import NIOHTTP1

/// A request that is answered with one whole response.
struct HTTPClientRequest {
    var method: HTTPMethod
    var uri: String
    var body: ByteBuffer?

    init(_ method: HTTPMethod, _ uri: String, body: ByteBuffer? = nil) {
        self.method = method
        self.uri = uri
        self.body = body
    }

    func head(to authority: String) -> HTTPRequestHead {
        var head = HTTPRequestHead(version: .http1_1, method: method, uri: uri, headers: ["Host": authority])
        if method == .POST {
            head.headers.add(name: "Content-Type", value: "application/octet-stream")
            head.headers.add(name: "Content-Length", value: "\(body?.readableBytes ?? 0)")
        }
        return head
    }
}

/// An HTTP/1.1 connection, for one request after the other.
final class HTTPClientConnection: ChannelInboundHandler {
    typealias InboundIn = NIOHTTPClientResponseFull
    typealias OutboundOut = HTTPClientRequestPart

    /// The longest that the connection may have been idle: a server that closes idle ones would do it to the next request.
    private static let idleTime = TimeAmount.seconds(60)
    private static let maximumBody = 16 * 1024 * 1024

    private let authority: String
    private let headers: HTTPHeaders
    private let eventLoop: any EventLoop
    private var context: ChannelHandlerContext?
    private var answered: EventLoopPromise<NIOHTTPClientResponseFull>?
    private var isKeptAlive = true
    private var idleSince = NIODeadline.now()

    private init(to target: LoadTarget, on lane: LoadLane) {
        authority = target.authority
        headers = lane.configuration.headers
        eventLoop = lane.eventLoop
    }

    static func open(
        to target: LoadTarget, on lane: LoadLane
    ) -> EventLoopFuture<NIOLoopBound<HTTPClientConnection>> {
        let connection = HTTPClientConnection(to: target, on: lane)
        let bound = NIOLoopBound(connection, eventLoop: lane.eventLoop)
        return lane.openChannel(to: target) { channel in
            let pipeline = channel.pipeline.syncOperations
            try pipeline.addHTTPClientHandlers()
            try pipeline.addHandler(NIOHTTPClientResponseAggregator(maxContentLength: maximumBody))
            try pipeline.addHandler(connection)
        }
        .map { _ in bound }
    }

    /// Whether it can take another request.
    var isReusable: Bool { context != nil && isKeptAlive && NIODeadline.now() - idleSince < Self.idleTime }

    /// Sends a request when the one before has been answered.
    func send(_ request: HTTPClientRequest) -> EventLoopFuture<NIOHTTPClientResponseFull> {
        let answered = eventLoop.makePromise(of: NIOHTTPClientResponseFull.self)
        guard let context, self.answered == nil else {
            answered.fail(LoadFailure(code: "disconnected"))
            return answered.futureResult
        }
        self.answered = answered
        var head = request.head(to: authority)
        head.headers.add(contentsOf: headers)
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        if let body = request.body { context.write(wrapOutboundOut(.body(.byteBuffer(body))), promise: nil) }
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        return answered.futureResult
    }

    func close() { context?.close(promise: nil) }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
        fail()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let response = unwrapInboundIn(data)
        isKeptAlive = response.head.isKeepAlive
        idleSince = .now()
        answered.take()?.succeed(response)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        fail()
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) { fail() }

    private func fail() { answered.take()?.fail(LoadFailure(code: "disconnected")) }
}
