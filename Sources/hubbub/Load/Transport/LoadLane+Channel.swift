import NIOCore
import NIOPosix

extension LoadLane {
    /// Opens a TCP connection on this lane's event loop.
    ///
    /// - Parameter addHandlers: Called before it is connected.
    func openChannel(
        to target: LoadTarget, _ addHandlers: @escaping (any Channel) throws -> Void
    ) -> EventLoopFuture<any Channel> {
        let addHandlers = NIOLoopBound(addHandlers, eventLoop: eventLoop)
        return ClientBootstrap(group: eventLoop)
            .connectTimeout(TimeAmount(configuration.connectTimeout))
            .channelOption(.socketOption(.tcp_nodelay), value: 1)
            // A second read after each that was not full would find nothing most of the time.
            .channelOption(.maxMessagesPerRead, value: 1)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try addHandlers.value(channel) }
            }
            .connect(to: target.address)
    }
}
