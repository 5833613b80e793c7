import HubTransports
import NIOCore
import NIOHTTPTypes

/// Writes a stream of server-sent events to a connection that the task of its request has left, from the bytes after the
/// head to the closed channel.
final class EventStreamHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPRequestPart
    typealias OutboundOut = HTTPResponsePart

    private let stream: EventStreamResponse
    private var context: ChannelHandlerContext?
    /// Whether the client's side takes no more, so that the next events wait at the connection's home.
    private var isBlocked = false

    init(_ stream: EventStreamResponse) {
        self.stream = stream
    }

    /// NIO's handler of the channel of plain HTTP lets no read through any more: this asks for each itself.
    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        context.read()
        askForEvents(context)
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
        stream.ended()
    }

    private func askForEvents(_ context: ChannelHandlerContext) {
        let handler = NIOLoopBound(self, eventLoop: context.eventLoop)
        stream.next { [eventLoop = context.eventLoop] next in
            eventLoop.execute { handler.value.write(next) }
        }
    }

    private func write(_ next: EventStreamResponse.Next) {
        guard let context else { return }
        switch next {
        case .events(let events):
            context.writeAndFlush(wrapOutboundOut(.body(events)), promise: nil)
            isBlocked = !context.channel.isWritable
            if !isBlocked { askForEvents(context) }
        case .finish:
            context.writeAndFlush(wrapOutboundOut(.end(nil))).assumeIsolated().whenComplete { _ in
                context.close(promise: nil)
            }
        case .abort:
            context.close(promise: nil)
        }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        guard isBlocked, context.channel.isWritable else { return }
        isBlocked = false
        askForEvents(context)
    }

    /// A stream is the last that its connection carries: there is nothing to answer.
    func channelRead(context: ChannelHandlerContext, data: NIOAny) {}

    func channelReadComplete(context: ChannelHandlerContext) { context.read() }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case ChannelEvent.inputClosed = event { context.close(promise: nil) }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}

@available(*, unavailable)
extension EventStreamHandler: Sendable {}
