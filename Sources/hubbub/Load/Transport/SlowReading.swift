import NIOCore
import NIOPosix

/// Reads as a client does whose network or page cannot follow: a little, and then nothing for a while.
final class SlowReading: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = ByteBuffer

    private static let pause = TimeAmount.milliseconds(250)
    private static let size = 512
    private var next: Scheduled<Void>?

    /// The kernel keeps no more for it than it has to.
    static func configured(_ bootstrap: ClientBootstrap) -> ClientBootstrap {
        bootstrap
            .channelOption(.socketOption(.so_rcvbuf), value: 4096)
            .channelOption(.recvAllocator, value: FixedSizeRecvByteBufferAllocator(capacity: size))
    }

    func read(context: ChannelHandlerContext) {
        guard next == nil else { return }
        next = context.eventLoop.assumeIsolated().scheduleTask(in: Self.pause) {
            self.next = nil
            context.read()
        }
    }

    func handlerRemoved(context: ChannelHandlerContext) { next?.cancel() }
}
