import NIOCore
import NIOHTTP1

/// Server-sent events: the response to a `GET` that does not end brings the messages, `POST`s take them.
final class EventStreamTransport: ChatTransport, ChannelInboundHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundOut = HTTPClientRequestPart

    let hasInherentKeepAlive = false
    private let target: LoadTarget
    private let connection: ChatConnection
    private let lane: LoadLane
    /// Until the response has begun.
    private var opened: EventLoopPromise<Void>?
    private var requests: ClientRequests?
    private var context: ChannelHandlerContext?
    private var events = EventStreamReader()

    init(to target: LoadTarget, for connection: ChatConnection, lane: LoadLane) {
        self.target = target
        self.connection = connection
        self.lane = lane
    }

    func open(token: String) -> EventLoopFuture<Void> {
        requests = ClientRequests(to: target, token: token, for: connection, lane: lane)
        var head = HTTPRequestHead(
            version: .http1_1, method: .GET, uri: "\(target.path)?id=\(token)",
            headers: ["Host": target.authority, "Accept": "text/event-stream"])
        head.headers.add(contentsOf: lane.configuration.headers)
        let opened = lane.eventLoop.makePromise(of: Void.self)
        self.opened = opened
        lane.openChannel(to: target, isSlow: connection.isSlow) { channel in
            let pipeline = channel.pipeline.syncOperations
            try pipeline.addHTTPClientHandlers()
            try pipeline.addHandler(self)
        }
        .whenComplete { [head] result in
            switch result {
            case .success(let channel):
                channel.write(HTTPClientRequestPart.head(head), promise: nil)
                channel.writeAndFlush(HTTPClientRequestPart.end(nil), promise: nil)
            case .failure(let error):
                opened.fail(error)
            }
        }
        return opened.futureResult
    }

    func send(_ messages: ByteBuffer) { requests?.post(messages) }

    func close() -> EventLoopFuture<Void> {
        requests = nil
        // Whatever becomes of it.
        return context?.close().flatMapErrorThrowing { _ in } ?? lane.eventLoop.makeSucceededVoidFuture()
    }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            if head.status == .ok { opened.take()?.succeed() } else { ended("event_stream_\(head.status.code)") }
        case .body(let bytes):
            received(bytes)
        case .end:
            ended("closed_by_server")
        }
    }

    private func received(_ bytes: ByteBuffer) {
        let now = NIODeadline.now().uptimeNanoseconds
        events.receive(bytes)
        do {
            while let data = try events.next() { connection.received(data, at: now) }
        } catch {
            ended(error.code)
        }
    }

    private func ended(_ code: String) {
        opened.take()?.fail(LoadFailure(code: code))
        connection.ended(code)
        context?.close(promise: nil)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { ended("disconnected") }

    func channelInactive(context: ChannelHandlerContext) { ended("disconnected") }
}
