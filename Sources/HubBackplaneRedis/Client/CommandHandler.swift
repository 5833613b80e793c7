import CoreMetrics
import HubBackplane
import Logging
import NIOCore

/// The end of one command connection: writes batches of commands, and hands each its replies.
final class CommandHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private static let idleTime = TimeAmount.seconds(1)

    private let pipeline: CommandPipeline
    private let timeout: TimeAmount
    private let timer: CoreMetrics.Timer?
    private let logger: Logger
    private let reader = HiredisReader()
    private var machine = StateMachine()
    private var context: ChannelHandlerContext?
    private var check: RepeatedTask?
    private var lastWrite = NIODeadline.distantPast
    private var answeredBytes = 0

    /// Creates the handler of a connection that is ready for commands.
    ///
    /// - Parameter timer: Times the first command that is answered with each read.
    init(pipeline: CommandPipeline, timeout: TimeAmount, timer: CoreMetrics.Timer? = nil, logger: Logger) {
        self.pipeline = pipeline
        self.timeout = timeout
        self.timer = timer
        self.logger = logger
    }

    func write(_ batch: CommandPipeline.StateMachine<CommandPipeline.Connection>.Batch) {
        guard let context, !batch.commands.isEmpty else { return }
        lastWrite = context.eventLoop.now
        machine.sent(batch.commands, deadline: lastWrite + timeout)
        context.writeAndFlush(wrapOutboundOut(batch.bytes), promise: nil)
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        guard pipeline.connected(self) else { return context.close(promise: nil) }
        let interval: TimeAmount = max(
            .milliseconds(10), min(.milliseconds(500), .nanoseconds(timeout.nanoseconds / 4)))
        let handler = NIOLoopBound(self, eventLoop: context.eventLoop)
        check = context.eventLoop.scheduleRepeatedTask(initialDelay: interval, delay: interval) { _ in
            handler.value.checkDeadlines()
        }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        do {
            try reader.read(unwrapInboundIn(data)) { reply in
                try received(RESPValue(reply, readsPayloads: machine.readsPayloads))
            }
        } catch {
            logger.warning("redis connection closed", metadata: ["reason": "\(error)"])
            context.close(promise: nil)
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        guard answeredBytes > 0 else { return }
        pipeline.answered(bytes: answeredBytes)
        answeredBytes = 0
    }

    func channelInactive(context: ChannelHandlerContext) { end() }

    func handlerRemoved(context: ChannelHandlerContext) { end() }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        logger.debug("redis connection failed", metadata: ["error": "\(error)"])
        context.close(promise: nil)
    }

    private func received(_ reply: RESPValue) throws {
        switch machine.received(reply) {
        case .complete(let command, let replies, let deadline):
            if answeredBytes == 0, let timer, let context {
                timer.recordNanoseconds((context.eventLoop.now - deadline + timeout).nanoseconds)
            }
            answeredBytes += command.bytes
            command.complete(.success(replies))
        case .wait:
            break
        case .close(let reason):
            throw HiredisReader.ProtocolError(description: reason)
        }
    }

    private func checkDeadlines() {
        guard let context else { return }
        if machine.isOverdue(at: context.eventLoop.now) {
            logger.warning("redis does not answer, closing the connection")
            context.close(promise: nil)
        } else if machine.isIdle, lastWrite + Self.idleTime <= context.eventLoop.now {
            // A connection that has died while nobody used it is found before somebody needs it.
            pipeline.send(encode: { $0.writeCommand("PING") }, complete: { _ in })
        }
    }

    private func end() {
        guard context != nil else { return }
        context = nil
        answeredBytes = 0
        check?.cancel()
        pipeline.disconnected()
        for command in machine.close() {
            command.complete(.failure(BackplaneError(.timeout, "the connection was lost before Redis answered")))
        }
    }
}

@available(*, unavailable)
extension CommandHandler: Sendable {}
