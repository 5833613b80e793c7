package import HubServer
package import NIOCore

/// What a transport's client speaks to: a hub, or a handler of plain connections. Everything is called on the
/// transport's event loop.
protocol ConnectionApplication: WebSocketApplication, Sendable {
    /// The transport is there and can be written to.
    func start()
    /// Takes bytes of the client, cut anywhere.
    func receive(_ bytes: ByteBuffer)
    func transportBecameWritable()
    /// The transport has closed, whoever closed it.
    func transportClosed(error: (any Error)?)
    /// The client has shown anew who it is.
    func authenticated(as identity: HubIdentity)
}

extension HubConnection: ConnectionApplication {}

extension HubEndpoint {
    /// Makes what a client speaks to. Call on the transport's event loop.
    func application(
        _ reservation: ConnectionReservation, request: ConnectionRequest, transport: any ConnectionTransport
    ) -> any ConnectionApplication {
        guard let clientConnections else { return connect(reservation, request: request, transport: transport) }
        return ClientConnection(
            reservation, request: request, transport: transport, endpoint: self, among: clientConnections)
    }

    /// A web server that stops tells each of its channels, and waits for them all before the hub server hears of it: so
    /// the first channel told shuts down the hub server.
    func shouldQuiesce() {
        guard !server.isShuttingDown else { return }
        Task { [server] in await server.shutdown() }
    }
}

/// A WebSocket's messages are whole; what other transports bring is a pipe of bytes.
extension ClientConnection: ConnectionApplication {
    func receive(_ bytes: ByteBuffer) { receive(bytes, isText: false, endsMessage: true) }

    func transportClosed(error: (any Error)?) { transportClosed() }

    package func webSocketReceived(_ bytes: ByteBuffer, isText: Bool, endsMessage: Bool) {
        receive(bytes, isText: isText, endsMessage: endsMessage)
    }

    package func webSocketBecameWritable() { transportBecameWritable() }

    package func webSocketShouldQuiesce() { endpoint.shouldQuiesce() }

    package func webSocketClosed(error: WebSocketError?) { transportClosed() }
}
