import HubProtocol
import NIOCore

/// The transport of a connection that goes on over another WebSocket when it loses the one it has (stateful reconnect; the
/// Ack and Sequence messages of HubProtocol.md): it keeps what the client has not acknowledged, and stands between the
/// connection and its socket. Other connections know nothing of it.
///
/// The same on whichever node a socket arrives: the first one is the connection's own, any later one comes as a session.
/// Belongs to the connection's event loop.
final class StatefulReconnect {
    /// How long the client waits for an acknowledgement, at most.
    private static let ackInterval = Duration.seconds(1)
    /// How many bytes of what is written again are joined to one transport message.
    private static let batchSize = 16 * 1024

    let eventLoop: any EventLoop
    private unowned let connection: HubConnection
    private let encoding: HubEncoding
    private var machine: StateMachine
    /// Nil while the client is away.
    private var socket: (any ReplaceableTransport)?
    private lazy var ackTimer = timer { $0.acknowledge() }
    /// While the client is away.
    private var awayTimer: LoopTimer?

    /// - Parameter socket: The one that the connection has now.
    init(of connection: HubConnection, over socket: any ReplaceableTransport) {
        self.connection = connection
        self.socket = socket
        eventLoop = socket.eventLoop
        encoding = connection.encoding
        let options = connection.endpoint.options
        machine = StateMachine(
            encoding: connection.encoding, bufferSize: options.statefulReconnectBufferSize,
            maximumBufferSize: options.maximumOutboxSize)
    }

    private func timer(_ action: @escaping (StatefulReconnect) -> Void) -> LoopTimer {
        connection.endpoint.server.timer(on: eventLoop) { [weak connection, weak self] in
            guard let connection, let self else { return }
            withExtendedLifetime(connection) { action(self) }
        }
    }
}

// MARK: Sockets

extension StatefulReconnect {
    var isResumable: Bool { machine.isResumable }

    /// Whether messages of before wait for the socket to take them.
    var isReplaying: Bool { machine.isReplaying }

    /// The socket is gone, and neither side has said why.
    ///
    /// - Returns: Whether the connection lives on, for as long as a client may be away.
    func lost(_ error: any Error) -> Bool {
        guard machine.lost() else { return false }
        socket = nil
        let timer = timer { $0.connection.transportClosed(error: error) }
        timer.schedule(after: connection.endpoint.options.disconnectTimeout)
        awayTimer = timer
        return true
    }

    /// Another socket takes the place of the one that is there, if that is so: it may be gone without this node having
    /// noticed.
    func attach(_ next: any ReplaceableTransport, isReading: Bool) {
        socket?.abandon()
        awayTimer?.cancel()
        awayTimer = nil
        socket = next
        next.use(encoding.transferFormat)
        next.setReading(isReading)
        // A client ignores whatever comes before this.
        var beginning = HubConnection.framed(.sequence(sequenceID: machine.resumed()), encoding)
        if let messages = machine.nextReplay(atMost: Self.batchSize) { beginning.writeImmutableBuffer(messages) }
        next.write(beginning)
        next.flush()
        if machine.owesAck { ackTimer.schedule(within: Self.ackInterval) }
    }

    /// Writes again what was not acknowledged, as far as the socket takes it.
    func replay() {
        guard let socket else { return }
        while socket.isWritable, let messages = machine.nextReplay(atMost: Self.batchSize) { socket.write(messages) }
        socket.flush()
    }

    /// The end is about to be said.
    ///
    /// - Returns: Whether there is a socket to say it on.
    func end() -> Bool {
        ackTimer.cancel()
        awayTimer?.cancel()
        awayTimer = nil
        return machine.end()
    }
}

// MARK: What the client says

extension StatefulReconnect {
    /// - Returns: Whether the message is to be dealt with: it has not been before.
    func received(_ message: HubMessage) -> Bool {
        let wasOwed = machine.owesAck
        defer { if !wasOwed, machine.owesAck { ackTimer.schedule(within: Self.ackInterval) } }
        return machine.received(message)
    }

    func acknowledged(_ id: Int64) throws(HubProtocolError) { try machine.acknowledged(id) }

    func sequenceBegins(at id: Int64) throws(HubProtocolError) { try machine.sequenceBegins(at: id) }

    private func acknowledge() {
        guard let socket, machine.owesAck else { return }
        guard socket.isWritable else { return ackTimer.schedule(within: Self.ackInterval) }
        if let id = machine.takeAck() { socket.writeNow(HubConnection.framed(.ack(sequenceID: id), encoding)) }
    }
}

// MARK: What the connection says

extension StatefulReconnect: ConnectionTransport {
    func use(_ format: TransferFormat) { socket?.use(format) }

    var isWritable: Bool { machine.takesMessages && socket?.isWritable ?? false }

    /// How long the client is away, or acknowledges nothing, is not the socket's fault.
    var timesItsWrites: Bool { socket?.isWritable ?? true }

    func write(_ messages: consuming ByteBuffer) {
        machine.wrote(messages)
        socket?.write(messages)
        // A single message may be longer than that.
        guard machine.isOverfull, !machine.isReading else { return }
        let connection = connection
        eventLoop.execute { connection.cut(.tooSlow) }
    }

    func writeNow(_ message: ByteBuffer) { socket?.writeNow(message) }

    func flush() { socket?.flush() }

    func setReading(_ isReading: Bool) {
        let wasWritable = isWritable
        machine.isReading = isReading
        socket?.setReading(isReading)
        guard isWritable, !wasWritable else { return }
        // Not at once: this is called while the connection reads.
        let connection = connection
        eventLoop.execute { connection.drainOutbox() }
    }

    func close(_ close: TransportClose) {
        _ = end()
        if let socket { return socket.close(close) }
        let connection = connection
        eventLoop.execute { connection.transportClosed(error: nil) }
    }
}

@available(*, unavailable)
extension StatefulReconnect: Sendable {}
