package import HubProtocol
package import HubServer
package import NIOCore
import Synchronization

/// A transport without a socket: what the hub writes goes to a closure, what a test sends goes to the hub.
package final class InProcessTransport: ReplaceableTransport, Sendable {
    private struct State {
        var connection: HubConnection?
        var isWritable = true
        var isReading = true
        var isBroken = false
        var close: TransportClose?
        var flushes = 0
        var format = TransferFormat.text
    }

    package let eventLoop: any EventLoop
    private let receive: @Sendable (ByteBuffer) -> Void
    private let onClose: @Sendable (TransportClose?) -> Void
    private let state = Mutex(State())

    /// - Parameters:
    ///   - receive: Gets every transport message, on the event loop.
    ///   - onClose: Called once at the end: with how the hub closed the transport, nil where the client did.
    package init(
        eventLoop: any EventLoop, receive: @escaping @Sendable (ByteBuffer) -> Void,
        onClose: @escaping @Sendable (TransportClose?) -> Void = { _ in }
    ) {
        self.eventLoop = eventLoop
        self.receive = receive
        self.onClose = onClose
    }

    /// Connects to a hub. On the event loop.
    package func connect(
        to endpoint: HubEndpoint, _ reservation: ConnectionReservation, request: ConnectionRequest
    ) -> HubConnection {
        let connection = endpoint.connect(reservation, request: request, transport: self)
        state.withLock { $0.connection = connection }
        connection.start()
        return connection
    }
}

// MARK: The hub's side

extension InProcessTransport {
    package func use(_ format: TransferFormat) { state.withLock { $0.format = format } }

    package var isWritable: Bool { state.withLock { $0.isWritable } }

    package func write(_ messages: consuming ByteBuffer) { receive(messages) }

    package func flush() { state.withLock { $0.flushes += 1 } }

    package func setReading(_ isReading: Bool) { state.withLock { $0.isReading = isReading } }

    package func close(_ close: TransportClose) {
        state.withLock { $0.close = $0.close ?? close }
        // A broken network: the end of the connection is not noticed until it is cut.
        guard close == .abort || !state.withLock({ $0.isBroken }) else { return }
        eventLoop.execute { self.end(error: nil) }
    }
}

extension InProcessTransport {
    package func abandon() {
        guard state.withLock({ $0.connection.take() }) != nil else { return }
        onClose(.abort)
    }
}

// MARK: The client's side

extension InProcessTransport {
    /// The connection is lost, without a word. On the event loop.
    package func lose() {
        guard let connection = state.withLock({ $0.connection.take() }) else { return }
        connection.transportLost(error: ChannelError.eof)
        onClose(nil)
    }

    /// How many times the hub flushed.
    package var flushes: Int { state.withLock { $0.flushes } }

    /// How the hub's messages would be sent now.
    package var format: TransferFormat { state.withLock { $0.format } }

    /// Whether the hub wants to read.
    package var isReading: Bool { state.withLock { $0.isReading } }

    /// How the hub closed the transport, if it did.
    package var hubClose: TransportClose? { state.withLock { $0.close } }

    /// Sends bytes to the hub. On the event loop.
    package func send(_ bytes: ByteBuffer) {
        state.withLock { $0.connection }?.receive(bytes)
    }

    /// Makes the transport take bytes, or not. On the event loop.
    package func setWritable(_ isWritable: Bool) {
        let connection = state.withLock { state in
            state.isWritable = isWritable
            return state.connection
        }
        if isWritable { connection?.transportBecameWritable() }
    }

    /// From now on the other side does not react, as when the network is gone.
    package func breakDown() { state.withLock { $0.isBroken = true } }

    /// Ends the transport from the client's side. On the event loop.
    package func end(error: (any Error)?) {
        let (connection, close) = state.withLock { state in
            defer { state.connection = nil }
            return (state.connection, state.close)
        }
        guard let connection else { return }
        connection.transportClosed(error: error)
        onClose(close)
    }
}
