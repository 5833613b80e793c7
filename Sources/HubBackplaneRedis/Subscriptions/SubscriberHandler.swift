import Logging
import NIOCore

/// The end of one subscriber connection: hands over confirmations and messages, and finds out when it is dead.
final class SubscriberHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// Publishes to this node's canary channel; completes with whether Redis accepted it.
    typealias PublishCanary = @Sendable (UInt64, _ complete: @escaping @Sendable (_ isAccepted: Bool) -> Void) -> Void

    private static let tickInterval = TimeAmount.seconds(1)

    private let subscriptions: Subscriptions
    private let canary: ChannelKey
    private let publishCanary: PublishCanary
    private let canaryHeard: @Sendable (TimeAmount?) -> Void
    /// The last canary that was sent, and when.
    private var lastCanary: (number: UInt64, at: NIODeadline)?
    private let logger: Logger
    private let reader = HiredisReader()
    private var liveness: LivenessStateMachine
    private var context: ChannelHandlerContext?
    private var ticks: RepeatedTask?

    /// Creates the handler of a connection that is ready to subscribe.
    ///
    /// - Parameter canaryHeard: Called each time a canary came back: with how long it took, where it is the last that was sent.
    init(
        subscriptions: Subscriptions, canary: ChannelKey, publishCanary: @escaping PublishCanary,
        canaryHeard: @escaping @Sendable (TimeAmount?) -> Void, logger: Logger
    ) {
        self.subscriptions = subscriptions
        self.canary = canary
        self.publishCanary = publishCanary
        self.canaryHeard = canaryHeard
        self.logger = logger
        liveness = LivenessStateMachine(numbersAfter: subscriptions.nextNumbers())
    }

    func write(_ bytes: ByteBuffer) {
        guard let context, bytes.readableBytes > 0 else { return }
        context.writeAndFlush(wrapOutboundOut(bytes), promise: nil)
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        subscriptions.connected(self)
        let handler = NIOLoopBound(self, eventLoop: context.eventLoop)
        ticks = context.eventLoop.scheduleRepeatedTask(initialDelay: Self.tickInterval, delay: Self.tickInterval) { _ in
            handler.value.tick()
        }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        do {
            try reader.read(unwrapInboundIn(data), onReply: received)
        } catch {
            logger.warning("redis subscriber connection closed", metadata: ["reason": "\(error)"])
            context.close(promise: nil)
        }
    }

    func channelInactive(context: ChannelHandlerContext) { end() }

    func handlerRemoved(context: ChannelHandlerContext) { end() }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        logger.debug("redis subscriber connection failed", metadata: ["error": "\(error)"])
        context.close(promise: nil)
    }

    private func received(_ reply: RESPReply) throws {
        if reply.kind == .error {
            throw HiredisReader.ProtocolError(description: String(decoding: reply.bytes, as: UTF8.self))
        }
        switch SubscriberReply(reply) {
        case .message(let channel, let payload):
            if !subscriptions.deliver(payload, to: channel, from: self), .borrowed(channel) == canary {
                let number = UInt64(String(decoding: payload, as: UTF8.self)) ?? 0
                liveness.canaryHeard(number)
                let last = lastCanary.flatMap { $0.number == number ? $0.at : nil }
                canaryHeard(last.flatMap { at in context.map { $0.eventLoop.now - at } })
                subscriptions.heardCanary(number, from: self)
            }
        case .subscribed(let channel): subscriptions.confirmed(channel, from: self)
        case .pong: liveness.ponged()
        case .other: break
        }
    }

    private func tick() {
        guard let context else { return }
        subscriptions.tick()
        if let reason = liveness.verdict(at: context.eventLoop.now) {
            logger.warning("redis subscriber connection closed", metadata: ["reason": "\(reason)"])
            return context.close(promise: nil)
        }
        var ping = ByteBuffer()
        ping.writeCommand("PING")
        write(ping)
        liveness.pinged(at: context.eventLoop.now)
        if subscriptions.isReady { sendCanary() }
    }

    /// Publishes a canary; the connection is closed where Redis does not accept it.
    ///
    /// - Returns: Its number.
    func sendMarker() -> UInt64 { sendCanary(isNeeded: true) }

    /// Closes the connection.
    func close() { context?.close(promise: nil) }

    @discardableResult
    private func sendCanary(isNeeded: Bool = false) -> UInt64 {
        let number = liveness.nextCanary()
        guard let context else { return number }
        let handler = NIOLoopBound(self, eventLoop: context.eventLoop)
        let eventLoop = context.eventLoop
        lastCanary = (number, eventLoop.now)
        publishCanary(number) { isAccepted in
            guard isAccepted || isNeeded else { return }
            eventLoop.execute {
                guard isAccepted else { return handler.value.close() }
                handler.value.liveness.canaryAccepted(number, at: eventLoop.now)
            }
        }
        return number
    }

    private func end() {
        guard context != nil else { return }
        context = nil
        ticks?.cancel()
        subscriptions.disconnected(self)
    }
}

@available(*, unavailable)
extension SubscriberHandler: Sendable {}
