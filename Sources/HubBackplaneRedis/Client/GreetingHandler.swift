import NIOCore
import NIOSSL

/// Greets the server, then makes room for the handler that uses the connection.
final class GreetingHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let timeout: TimeAmount
    private let makeNext: () -> any ChannelHandler
    private let reader = HiredisReader()
    private var greeting: Greeting
    private var result: EventLoopPromise<Void>?
    private var deadline: Scheduled<Void>?

    /// - Parameters:
    ///   - makeNext: Makes the handler that takes this one's place.
    ///   - result: Completed when the connection can be used or has failed.
    init(
        greeting: Greeting, timeout: TimeAmount, result: EventLoopPromise<Void>,
        makeNext: @escaping () -> any ChannelHandler
    ) {
        self.greeting = greeting
        self.timeout = timeout
        self.result = result
        self.makeNext = makeNext
    }

    func channelActive(context: ChannelHandlerContext) {
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        let isEncrypted = (try? context.pipeline.syncOperations.handler(type: NIOSSLClientHandler.self)) != nil
        deadline = context.eventLoop.scheduleTask(in: timeout) {
            bound.value.0.fail(
                RedisConnectError("no answer to the greeting" + (isEncrypted ? ", which has TLS" : "")),
                context: bound.value.1)
        }
        var buffer = context.channel.allocator.buffer(capacity: 256)
        greeting.encode(into: &buffer)
        context.writeAndFlush(wrapOutboundOut(buffer), promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        do {
            try reader.read(unwrapInboundIn(data)) { reply in
                guard result != nil else { return }
                switch greeting.received(RESPValue(reply)) {
                case .wait: break
                case .succeed: try succeed(context: context)
                case .fail(let error): fail(error, context: context)
                }
            }
        } catch {
            fail(error, context: context)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        fail(RedisConnectError("the connection was closed during the greeting"), context: context)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { fail(error, context: context) }

    private func succeed(context: ChannelHandlerContext) throws {
        deadline?.cancel()
        let operations = context.pipeline.syncOperations
        try operations.addHandler(makeNext(), position: .after(self))
        operations.removeHandler(context: context, promise: nil)
        result?.succeed()
        result = nil
    }

    private func fail(_ error: any Error, context: ChannelHandlerContext) {
        deadline?.cancel()
        result?.fail(error)
        result = nil
        context.close(promise: nil)
    }
}

@available(*, unavailable)
extension GreetingHandler: Sendable {}
