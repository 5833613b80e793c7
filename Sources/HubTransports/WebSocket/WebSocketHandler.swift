package import HubProtocol
package import HubServer
package import NIOCore
package import NIOWebSocket

/// The server's end of a WebSocket, from the bytes after the 101 to the closed channel.
///
/// The channel lives on this handler alone, on its event loop: no task, no timer (one only while closing) and no other
/// handler per connection.
package final class WebSocketHandler: ChannelDuplexHandler, ReplaceableTransport {
    package typealias InboundIn = ByteBuffer
    package typealias OutboundIn = ByteBuffer
    package typealias OutboundOut = ByteBuffer

    package let eventLoop: any EventLoop
    /// Of messages: text for JSON, binary for MessagePack.
    private var opcode = WebSocketOpcode.text

    private var application: (any WebSocketApplication)?
    private var context: ChannelHandlerContext?
    private var reader = WebSocketReader()
    private var stateMachine = StateMachine()
    /// As last told by the channel: asking it takes its lock, and this is asked for every frame.
    private var isChannelWritable = true
    private let closeTimeout: TimeAmount
    private let goingAwayTimeout: TimeAmount
    private let readsByItself: Bool
    private var isReading = true
    private var isReadHeld = false
    private var isFlushNeeded = false
    /// The last frame, kept back until the next one or the flush: both go through the pipeline in one pass then.
    private var unwritten: ByteBuffer?
    private var closeDeadline: Scheduled<Void>?

    /// - Parameters:
    ///   - options: How long a client may take to answer a close frame.
    ///   - readsByItself: Whether reads of its channel do not get as far as to this handler, so that it asks for the next one
    ///     itself.
    package init(eventLoop: any EventLoop, options: HubOptions, readsByItself: Bool = false) {
        self.eventLoop = eventLoop
        closeTimeout = TimeAmount(options.closeTimeout)
        goingAwayTimeout = TimeAmount(min(options.closeTimeout, options.goingAwayTimeout))
        self.readsByItself = readsByItself
    }

    /// Sets who gets the client's messages; called when the handler is in the pipeline, before it reads anything.
    package func attach(_ application: any WebSocketApplication) {
        self.application = application
    }

    // MARK: ChannelHandler

    package func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
    }

    package func handlerRemoved(context: ChannelHandlerContext) {
        end()
        self.context = nil
    }

    package func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        reader.receive(unwrapInboundIn(data))
        while let event = reader.next() {
            perform(stateMachine.received(event), context: context)
        }
    }

    package func channelReadComplete(context: ChannelHandlerContext) {
        if isFlushNeeded {
            isFlushNeeded = false
            flush()
        }
        if readsByItself { read(context: context) }
    }

    package func channelWritabilityChanged(context: ChannelHandlerContext) {
        isChannelWritable = context.channel.isWritable
        if isChannelWritable { application?.webSocketBecameWritable() }
    }

    package func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case ChannelEvent.inputClosed:
            // A server that allows half-closed sockets never hears of this one again: it would stay until the process
            // has no file descriptors left.
            stateMachine.lost()
            context.close(promise: nil)
        case is ChannelShouldQuiesceEvent:
            application?.webSocketShouldQuiesce()
        default:
            context.fireUserInboundEventTriggered(event)
        }
    }

    package func errorCaught(context: ChannelHandlerContext, error: any Error) {
        stateMachine.lost()
        context.close(promise: nil)
    }

    package func channelInactive(context: ChannelHandlerContext) {
        end()
    }

    package func read(context: ChannelHandlerContext) {
        if isReading {
            context.read()
        } else {
            isReadHeld = true
        }
    }

    // MARK: ConnectionTransport

    package func use(_ format: TransferFormat) {
        switch format {
        case .text: opcode = .text
        case .binary: opcode = .binary
        }
    }

    package var isWritable: Bool { isChannelWritable && context != nil }

    package func write(_ messages: consuming ByteBuffer) {
        write(messages, opcode: opcode)
    }

    /// Sends one message of one frame.
    package func write(_ message: consuming ByteBuffer, opcode: WebSocketOpcode) {
        guard stateMachine.isOpen, let context else { return }
        writeUnwritten(context)
        if !message.prependWebSocketHeader(opcode: opcode) {
            let header = ByteBuffer.webSocketHeader(opcode: opcode, payload: message.readableBytes)
            context.write(wrapOutboundOut(header), promise: nil)
        }
        unwritten = message
    }

    package func flush() {
        guard let context else { return }
        if let last = unwritten.take() {
            context.writeAndFlush(wrapOutboundOut(last), promise: nil)
        } else {
            context.flush()
        }
    }

    private func writeUnwritten(_ context: ChannelHandlerContext) {
        if let unwritten = unwritten.take() { context.write(wrapOutboundOut(unwritten), promise: nil) }
    }

    private func writeAndFlush(
        _ frame: ByteBuffer, _ context: ChannelHandlerContext, promise: EventLoopPromise<Void>? = nil
    ) {
        writeUnwritten(context)
        context.writeAndFlush(wrapOutboundOut(frame), promise: promise)
    }

    /// A WebSocket that is closing reads whatever it is told: the client's close frame ends it.
    package func setReading(_ isReading: Bool) {
        self.isReading = isReading || !stateMachine.isOpen
        guard self.isReading, isReadHeld else { return }
        isReadHeld = false
        context?.read()
    }

    package func close(_ close: TransportClose) {
        guard let context else { return }
        switch stateMachine.close(close) {
        case .sendClose(let code):
            setReading(true)
            writeAndFlush(.webSocketClose(code), context)
            disconnect(context, after: close == .goingAway ? goingAwayTimeout : closeTimeout)
        case .disconnect:
            context.close(promise: nil)
        case .ignore:
            break
        }
    }

    package func abandon() {
        application = nil
        close(.abort)
    }

    // MARK: -

    private func perform(_ action: StateMachine.ReceiveAction, context: ChannelHandlerContext) {
        switch action {
        case .deliver(let bytes, let isText, let endsMessage):
            application?.webSocketReceived(bytes, isText: isText, endsMessage: endsMessage)
        case .pong(let payload):
            // A client that pings and does not read gets no pongs until it does: they would pile up.
            guard context.channel.isWritable else { return }
            write(payload, opcode: .pong)
            isFlushNeeded = true
        case .answerClose(let code):
            let promise = context.eventLoop.makePromise(of: Void.self)
            promise.futureResult.assumeIsolated().whenComplete { _ in context.close(promise: nil) }
            writeAndFlush(.webSocketClose(code), context, promise: promise)
            disconnect(context, after: closeTimeout)
        case .fail(let code):
            let promise = context.eventLoop.makePromise(of: Void.self)
            promise.futureResult.assumeIsolated().whenComplete { _ in context.close(mode: .output, promise: nil) }
            writeAndFlush(.webSocketClose(code), context, promise: promise)
            disconnect(context, after: closeTimeout)
        case .disconnect:
            context.close(promise: nil)
        case .ignore:
            break
        }
    }

    private func disconnect(_ context: ChannelHandlerContext, after timeout: TimeAmount) {
        guard closeDeadline == nil else { return }
        closeDeadline = context.eventLoop.assumeIsolated().scheduleTask(in: timeout) { context.close(promise: nil) }
    }

    private func end() {
        closeDeadline?.cancel()
        closeDeadline = nil
        guard let application else { return }
        self.application = nil
        application.webSocketClosed(error: stateMachine.channelInactive())
    }
}

@available(*, unavailable)
extension WebSocketHandler: Sendable {}
