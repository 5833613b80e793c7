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
    indirect case upgrade(HubUpgrade)
}

/// Looks at the requests of a connection and turns it into what they ask for: plain HTTP, until one of them asks for a
/// WebSocket of a hub. It need not be the first one: a load balancer uses a connection for one client's requests and then for
/// another's.
///
/// NIO's own upgrade handler drops the head of a request that it does not upgrade (NIO 2.101), so that the router could
/// not answer it, and leaves a connection that never sends a request open when the server stops.
final class HubUpgradeHandler: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    /// What is large is not part of the handler, which stays as long as its connection is one of plain HTTP.
    private enum State {
        case awaitingHead
        /// An upgrade was asked for: its request has to end before anything may follow.
        indirect case awaitingEnd(HTTPRequest, HubAccess)
        /// A client negotiates: the answer follows the end of its request.
        indirect case negotiating(HTTPRequest, HubAccess)
        /// A client polls or sends: the answer begins with the end of its request.
        indirect case gathering(HTTPRequest, HubAccess, body: ByteBuffer)
        /// A poll or a send waits for its answer; what follows it waits, too.
        case answering(following: [HTTPRequestPart])
        indirect case deciding(HTTPRequest)
        /// Plain HTTP.
        case serving
        /// A request among those of plain HTTP asks for an upgrade; its task decides.
        case servingUpgrade
        /// The channel of plain HTTP ends, and the connection stays.
        case leavingHTTP
        case upgrading
    }

    let hubs: HTTPHubs
    let watch: ClientWatch
    private let opening: EventLoopPromise<HubChannelOpening>
    private let decoder: ByteToMessageHandler<HTTPRequestDecoder>
    private let httpHandlers: [any RemovableChannelHandler]
    private var state = State.awaitingHead
    private(set) var context: ChannelHandlerContext?
    private var hasReadWhileDeciding = false
    private var isReadHeld = false

    init(
        hubs: HTTPHubs, opening: EventLoopPromise<HubChannelOpening>, watch: ClientWatch,
        decoder: ByteToMessageHandler<HTTPRequestDecoder>, httpHandlers: [any RemovableChannelHandler]
    ) {
        self.hubs = hubs
        self.opening = opening
        self.watch = watch
        self.decoder = decoder
        self.httpHandlers = httpHandlers
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
        switch state {
        case .awaitingHead, .awaitingEnd, .negotiating, .gathering, .answering: opening.fail(ChannelError.eof)
        case .deciding, .serving, .servingUpgrade, .leavingHTTP, .upgrading: break
        }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch state {
        case .awaitingHead:
            guard case .head(let request) = unwrapInboundIn(data) else {
                return openHTTP(context) { context.fireChannelRead(data) }
            }
            if let access = hubs.access(upgradedBy: request) {
                state = .awaitingEnd(request, access)
            } else if let access = negotiatedHub(request) {
                state = .negotiating(request, access)
            } else if let access = polledHub(request) ?? sentToHub(request) {
                state = .gathering(request, access, body: ByteBuffer())
            } else {
                openHTTP(context) { context.fireChannelRead(data) }
            }
        case .negotiating(let request, let access):
            let peer = { context.remoteAddress?.ipAddress }
            guard case .end = unwrapInboundIn(data), let identity = access.identifyNow(request, peer: peer),
                let body = access.negotiateNow(request, identity: identity, peer: peer)
            else {
                return openHTTP(context) {
                    context.fireChannelRead(wrapInboundOut(.head(request)))
                    context.fireChannelRead(data)
                }
            }
            state = .awaitingHead
            answer(request, with: body, headers: access.origins.headers(for: request), context: context)
        case .gathering(let request, let access, var body):
            switch unwrapInboundIn(data) {
            case .body(let bytes) where request.method == .post:
                body.writeImmutableBuffer(bytes)
                state = .gathering(request, access, body: body)
            case .end where request.method == .post:
                state = .answering(following: [])
                send(body, request, access, context)
            case .end:
                state = .answering(following: [])
                poll(request, access, context)
            case .head, .body:
                openHTTP(context) {
                    context.fireChannelRead(wrapInboundOut(.head(request)))
                    context.fireChannelRead(data)
                }
            }
        case .answering(let following):
            state = .answering(following: following + [unwrapInboundIn(data)])
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
        case .serving:
            if case .head(let request) = unwrapInboundIn(data), hubs.access(upgradedBy: request) != nil {
                state = .servingUpgrade
            }
            context.fireChannelRead(data)
        case .servingUpgrade:
            context.fireChannelRead(data)
        case .deciding, .leavingHTTP:
            // The decoder stops at a request that asks for an upgrade.
            context.close(promise: nil)
        case .upgrading:
            context.fireChannelRead(data)
        }
    }

    /// What is no HTTP is Hummingbird's to answer, too.
    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        switch state {
        case .awaitingHead, .awaitingEnd, .negotiating, .gathering:
            openHTTP(context) { context.fireErrorCaught(error) }
        case .answering, .deciding, .leavingHTTP: context.close(promise: nil)
        case .serving, .servingUpgrade, .upgrading: context.fireErrorCaught(error)
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch (state, event) {
        case (.deciding, is ChannelShouldQuiesceEvent), (.servingUpgrade, is ChannelShouldQuiesceEvent),
            (.leavingHTTP, is ChannelShouldQuiesceEvent):
            context.close(promise: nil)
        case (.servingUpgrade, ChannelEvent.inputClosed), (.leavingHTTP, ChannelEvent.inputClosed):
            context.close(promise: nil)
        case (.awaitingHead, ChannelEvent.inputClosed), (.awaitingEnd, ChannelEvent.inputClosed),
            (.negotiating, ChannelEvent.inputClosed), (.gathering, ChannelEvent.inputClosed),
            (.deciding, ChannelEvent.inputClosed):
            // No request can become whole any more, and nobody else closes a connection that has not begun.
            context.close(promise: nil)
        case (.answering, ChannelEvent.inputClosed):
            // The home hears of it.
            context.fireUserInboundEventTriggered(event)
            context.close(promise: nil)
        default:
            context.fireUserInboundEventTriggered(event)
        }
    }

    /// What a client sends while its upgrade is decided waits in its socket. One read is let through: most decisions are
    /// made before it happens, and without it the socket would leave the selector and come back.
    func read(context: ChannelHandlerContext) {
        if case .answering(let following) = state, !following.isEmpty { return isReadHeld = true }
        guard isUpgradeDecided else {
            if hasReadWhileDeciding { isReadHeld = true } else { context.read() }
            hasReadWhileDeciding = true
            return
        }
        context.read()
    }

    private var isUpgradeDecided: Bool {
        switch state {
        case .deciding, .servingUpgrade, .leavingHTTP: false
        case .awaitingHead, .awaitingEnd, .negotiating, .gathering, .answering, .serving, .upgrading: true
        }
    }

    /// The upgrade that is decided about was refused, or made.
    private func goOnReading(_ context: ChannelHandlerContext) {
        hasReadWhileDeciding = false
        guard isReadHeld else { return }
        isReadHeld = false
        context.read()
    }

    /// What ends the channel of plain HTTP does not end the connection that leaves it.
    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        if case .leavingHTTP = state { promise?.succeed() } else { context.close(mode: mode, promise: promise) }
    }
}

// MARK: Polls and sends

extension HubUpgradeHandler {
    /// The poll or send has its answer. The connection is as new: its next request may be one again, or anything else.
    ///
    /// - Returns: Where to write the answer; nil where its client has gone.
    func hasAnswer() -> ChannelHandlerContext? {
        guard let context, case .answering = state else { return nil }
        return context
    }

    /// The answer is written: what has come after the request is read.
    func answerIsWritten() {
        guard let context, case .answering(let following) = state else { return }
        state = .awaitingHead
        for part in following { channelRead(context: context, data: wrapInboundOut(part)) }
        if !following.isEmpty { context.fireChannelReadComplete() }
        if case .answering(let following) = state, !following.isEmpty { return }
        goOnReading(context)
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

    func refuse() throws -> NIOAsyncChannel<HTTPRequestPart, HTTPResponsePart> {
        guard let context, case .deciding(let request) = state else { throw ChannelError.ioOnClosedChannel }
        return try serveHTTP(context) {
            context.fireChannelRead(wrapInboundOut(.head(request)))
            context.fireChannelRead(wrapInboundOut(.end(nil)))
        }
    }

    private func serveHTTP(
        _ context: ChannelHandlerContext, passingOn request: () -> Void
    ) throws -> NIOAsyncChannel<HTTPRequestPart, HTTPResponsePart> {
        state = .serving
        let channel = try NIOAsyncChannel<HTTPRequestPart, HTTPResponsePart>(
            wrappingChannelSynchronously: context.channel,
            configuration: .init(
                // Of a body that nobody reads yet all but a few pieces wait in the socket.
                backPressureStrategy: .init(lowWatermark: 2, highWatermark: 4), isOutboundHalfClosureEnabled: true))
        request()
        context.fireChannelReadComplete()
        goOnReading(context)
        return channel
    }

    /// Whoever ends the channel of plain HTTP now leaves the connection to the WebSocket or event stream that follows.
    func leaveHTTP() throws {
        guard context != nil else { throw ChannelError.ioOnClosedChannel }
        switch state {
        case .serving, .servingUpgrade: state = .leavingHTTP
        case .awaitingHead, .awaitingEnd, .negotiating, .gathering, .answering, .deciding, .leavingHTTP, .upgrading:
            throw ChannelError.ioOnClosedChannel
        }
    }

    /// The rest of a response that the channel of plain HTTP has begun.
    func serve(_ stream: EventStreamResponse) {
        guard let context, case .leavingHTTP = state else { return }
        state = .serving
        do {
            let pipeline = context.pipeline.syncOperations
            let last: any ChannelHandler = httpHandlers.last ?? self
            try pipeline.addHandler(EventStreamHandler(stream), position: .after(last))
        } catch {
            context.close(promise: nil)
        }
    }

    /// The upgrade was refused: its request is answered, as any other.
    func stayHTTP() {
        guard let context, case .servingUpgrade = state else { return }
        state = .serving
        goOnReading(context)
    }
}

// MARK: WebSocket

extension HubUpgradeHandler {
    func accept(_ handshake: WebSocketHandshake, _ admission: HubAccess.Admission, at access: HubAccess) {
        guard let context else { return }
        let hasServedHTTP: Bool
        switch state {
        case .deciding: hasServedHTTP = false
        case .leavingHTTP: hasServedHTTP = true
        case .awaitingHead, .awaitingEnd, .negotiating, .gathering, .answering, .serving, .servingUpgrade, .upgrading:
            return
        }
        state = .upgrading
        do {
            let channel = context.channel
            let pipeline = context.pipeline.syncOperations
            try channel.syncOptions?.setOption(.socketOption(.so_sndbuf), value: HubWriteBuffers.socket)
            try channel.syncOptions?.setOption(.writeBufferWaterMark, value: HubWriteBuffers.channel)
            for handler in httpHandlers { pipeline.removeHandler(handler, promise: nil) }
            // NIO's handler of the channel of plain HTTP cannot be removed, and lets no read through any more.
            let webSocket = WebSocketHandler(
                eventLoop: channel.eventLoop, options: access.endpoint.options, readsByItself: hasServedHTTP)
            try pipeline.addHandler(webSocket, position: .after(self))
            // The client may send once it has this; until the decoder is gone it keeps what comes, and then hands it on.
            context.writeAndFlush(NIOAny(handshake.response), promise: nil)
            admission.start(on: webSocket, at: access.endpoint)
            pipeline.removeHandler(decoder, promise: nil)
            if isReadHeld || hasServedHTTP { context.read() }
            pipeline.removeHandler(self, promise: nil)
        } catch {
            context.close(promise: nil)
        }
    }
}
