import NIOCore

/// What carries a client's messages (TransportProtocols.md): the piece below a ``ChatConnection``, which it tells what
/// comes. Everything happens on the lane's event loop.
protocol ChatTransport: AnyObject {
    /// Whether the server knows without pings that the client is there.
    var hasInherentKeepAlive: Bool { get }

    /// Completes when messages can be sent.
    func open(token: String) -> EventLoopFuture<Void>

    /// Sends whole messages.
    func send(_ messages: ByteBuffer)

    /// Leaves; completes when the server has been told.
    func close() -> EventLoopFuture<Void>
}
