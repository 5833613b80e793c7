import NIOCore
import NIOPosix
import NIOSSL

extension LoadLane {
    /// Opens a TCP connection on this lane's event loop.
    ///
    /// - Parameters:
    ///   - isSlow: Whether what comes is read slowly.
    ///   - addHandlers: Called before it is connected.
    func openChannel(
        to target: LoadTarget, isSlow: Bool = false, _ addHandlers: @escaping (any Channel) throws -> Void
    ) -> EventLoopFuture<any Channel> {
        let addHandlers = NIOLoopBound(addHandlers, eventLoop: eventLoop)
        let tls = target.isSecure ? configuration.tls : nil
        var bootstrap = ClientBootstrap(group: eventLoop)
        if isSlow { bootstrap = SlowReading.configured(bootstrap) }
        return
            bootstrap
            .connectTimeout(TimeAmount(configuration.connectTimeout))
            .channelOption(.socketOption(.tcp_nodelay), value: 1)
            // A second read after each that was not full would find nothing most of the time.
            .channelOption(.maxMessagesPerRead, value: 1)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    if isSlow { try pipeline.addHandler(SlowReading()) }
                    if let tls {
                        try pipeline.addHandler(NIOSSLClientHandler(context: tls, serverHostname: target.serverName))
                    }
                    try addHandlers.value(channel)
                }
            }
            .connect(to: target.address)
    }
}
