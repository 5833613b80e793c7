import HTTPTypes
import HubProtocol
import HubServer
import HubTransports
import NIOCore
import NIOHTTP1
import NIOHTTPTypes

/// What the first request of a connection made of it.
enum HubChannelOpening: Sendable {
    case http(NIOAsyncChannel<HTTPRequestPart, HTTPResponsePart>)
    /// It asks for a WebSocket of a hub, and waits for the answer.
    case upgrade(HubUpgrade)
}

/// A connection that asks for a hub's WebSocket.
struct HubUpgrade: Sendable {
    let request: HTTPRequest
    let access: HubAccess
    let remoteAddress: String?
    fileprivate let handler: NIOLoopBound<HubUpgradeHandler>
    let eventLoop: any EventLoop

    /// Answers 101 and makes the connection the hub's.
    func accept(_ handshake: WebSocketHandshake, _ admission: HubAccess.Admission) {
        eventLoop.execute { handler.value.accept(handshake, admission, at: access) }
    }

    /// Makes it a plain HTTP connection that has this request.
    func refuse() -> EventLoopFuture<NIOAsyncChannel<HTTPRequestPart, HTTPResponsePart>> {
        eventLoop.submit { try handler.value.refuse() }
    }
}

/// Looks at the first request of a connection and turns the connection into what it asks for.
///
/// NIO's own upgrade handler drops the head of a request that it does not upgrade (NIO 2.101), so that the router could
/// not answer it, and leaves a connection that never sends a request open when the server stops.
final class HubUpgradeHandler: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    private enum State {
        case awaitingHead
        /// An upgrade was asked for: its request has to end before anything may follow.
        case awaitingEnd(HTTPRequest, HubAccess)
        /// A client negotiates: the answer follows the end of its request.
        case negotiating(HTTPRequest, HubAccess)
        case deciding(HTTPRequest)
        case upgrading
        case done
    }

    let hubs: HTTPHubs
    private let opening: EventLoopPromise<HubChannelOpening>
    private let decoder: ByteToMessageHandler<HTTPRequestDecoder>
    private let httpHandlers: [any RemovableChannelHandler]
    private var state = State.awaitingHead
    private var context: ChannelHandlerContext?
    private var hasReadWhileDeciding = false
    private var isReadHeld = false

    init(
        hubs: HTTPHubs, opening: EventLoopPromise<HubChannelOpening>,
        decoder: ByteToMessageHandler<HTTPRequestDecoder>, httpHandlers: [any RemovableChannelHandler]
    ) {
        self.hubs = hubs
        self.opening = opening
        self.decoder = decoder
        self.httpHandlers = httpHandlers
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
        switch state {
        case .awaitingHead, .awaitingEnd, .negotiating: opening.fail(ChannelError.eof)
        case .deciding, .upgrading, .done: break
        }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch state {
        case .awaitingHead:
            guard case .head(let request) = unwrapInboundIn(data) else {
                return openHTTP(context) { context.fireChannelRead(data) }
            }
            if let access = upgradedHub(request) {
                state = .awaitingEnd(request, access)
            } else if let access = negotiatedHub(request) {
                state = .negotiating(request, access)
            } else {
                openHTTP(context) { context.fireChannelRead(data) }
            }
        case .negotiating(let request, let access):
            guard case .end = unwrapInboundIn(data), let identity = access.identifyNow(request),
                let body = access.negotiateNow(
                    request, identity: identity, peer: { context.remoteAddress?.ipAddress })
            else {
                return openHTTP(context) {
                    context.fireChannelRead(wrapInboundOut(.head(request)))
                    context.fireChannelRead(data)
                }
            }
            state = .awaitingHead
            answer(request, with: body, headers: access.origins.headers(for: request), context: context)
        case .awaitingEnd(let request, let access):
            guard case .end = unwrapInboundIn(data) else {
                openHTTP(context) {
                    context.fireChannelRead(wrapInboundOut(.head(request)))
                    context.fireChannelRead(data)
                }
                return
            }
            state = .deciding(request)
            opening.succeed(
                .upgrade(
                    HubUpgrade(
                        request: request, access: access, remoteAddress: context.remoteAddress?.ipAddress,
                        handler: NIOLoopBound(self, eventLoop: context.eventLoop), eventLoop: context.eventLoop)))
        case .deciding:
            // The decoder stops at a request that asks for an upgrade.
            context.close(promise: nil)
        case .upgrading, .done:
            context.fireChannelRead(data)
        }
    }

    /// What is no HTTP is Hummingbird's to answer, too.
    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        switch state {
        case .awaitingHead, .awaitingEnd, .negotiating: openHTTP(context) { context.fireErrorCaught(error) }
        case .deciding: context.close(promise: nil)
        case .upgrading, .done: context.fireErrorCaught(error)
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch (state, event) {
        case (.deciding, is ChannelShouldQuiesceEvent):
            context.close(promise: nil)
        case (.awaitingHead, ChannelEvent.inputClosed), (.awaitingEnd, ChannelEvent.inputClosed),
            (.negotiating, ChannelEvent.inputClosed), (.deciding, ChannelEvent.inputClosed):
            // No request can become whole any more, and nobody else closes a connection that has not begun.
            context.close(promise: nil)
        default:
            context.fireUserInboundEventTriggered(event)
        }
    }

    /// What a client sends while its upgrade is decided waits in its socket. One read is let through: most decisions are
    /// made before it happens, and without it the socket would leave the selector and come back.
    func read(context: ChannelHandlerContext) {
        if case .deciding = state, hasReadWhileDeciding {
            isReadHeld = true
        } else {
            if case .deciding = state { hasReadWhileDeciding = true }
            context.read()
        }
    }

    private func upgradedHub(_ request: HTTPRequest) -> HubAccess? {
        guard HubAccess.transport(askedBy: request) == .webSockets else { return nil }
        return hubs.access(at: RequestTarget(request.path ?? "").path)
    }
}

// MARK: Plain HTTP

extension HubUpgradeHandler {
    private func openHTTP(_ context: ChannelHandlerContext, passingOn request: () -> Void) {
        do {
            opening.succeed(.http(try serveHTTP(context, passingOn: request)))
        } catch {
            opening.fail(error)
            context.close(promise: nil)
        }
    }

    fileprivate func refuse() throws -> NIOAsyncChannel<HTTPRequestPart, HTTPResponsePart> {
        guard let context, case .deciding(let request) = state else { throw ChannelError.ioOnClosedChannel }
        return try serveHTTP(context) {
            context.fireChannelRead(wrapInboundOut(.head(request)))
            context.fireChannelRead(wrapInboundOut(.end(nil)))
        }
    }

    private func serveHTTP(
        _ context: ChannelHandlerContext, passingOn request: () -> Void
    ) throws -> NIOAsyncChannel<HTTPRequestPart, HTTPResponsePart> {
        state = .done
        let channel = try NIOAsyncChannel<HTTPRequestPart, HTTPResponsePart>(
            wrappingChannelSynchronously: context.channel,
            configuration: .init(
                // Of a body that nobody reads yet all but a few pieces wait in the socket.
                backPressureStrategy: .init(lowWatermark: 2, highWatermark: 4), isOutboundHalfClosureEnabled: true))
        request()
        context.fireChannelReadComplete()
        if isReadHeld { context.read() }
        context.pipeline.syncOperations.removeHandler(self, promise: nil)
        return channel
    }
}

// MARK: WebSocket

extension HubUpgradeHandler {
    fileprivate func accept(_ handshake: WebSocketHandshake, _ admission: HubAccess.Admission, at access: HubAccess) {
        guard let context, case .deciding = state else { return }
        state = .upgrading
        do {
            let channel = context.channel
            let pipeline = context.pipeline.syncOperations
            try channel.syncOptions?.setOption(.socketOption(.so_sndbuf), value: HubWriteBuffers.socket)
            try channel.syncOptions?.setOption(.writeBufferWaterMark, value: HubWriteBuffers.channel)
            for handler in httpHandlers { pipeline.removeHandler(handler, promise: nil) }
            let webSocket = WebSocketHandler(eventLoop: channel.eventLoop)
            try pipeline.addHandler(webSocket)
            // The client may send once it has this; until the decoder is gone it keeps what comes, and then hands it on.
            context.writeAndFlush(NIOAny(handshake.response), promise: nil)
            admission.start(on: webSocket, at: access.endpoint)
            pipeline.removeHandler(decoder, promise: nil)
            if isReadHeld { context.read() }
            pipeline.removeHandler(self, promise: nil)
        } catch {
            context.close(promise: nil)
        }
    }
}
