package import HubServer
package import NIOCore

/// To a hub a WebSocket is a pipe of bytes: how the client cut its messages into frames does not matter.
extension HubConnection: WebSocketApplication {
    package func webSocketReceived(_ bytes: ByteBuffer, isText: Bool, endsMessage: Bool) {
        receive(bytes)
    }

    package func webSocketBecameWritable() {
        transportBecameWritable()
    }

    /// A web server that stops tells each channel, and waits for them all before the hub server hears of it: so the
    /// first channel told shuts down the hub server.
    package func webSocketShouldQuiesce() {
        let server = endpoint.server
        guard !server.isShuttingDown else { return }
        Task { await server.shutdown() }
    }

    package func webSocketClosed(error: WebSocketError?) {
        if let error, error == .connectionLost { transportLost(error: error) } else { transportClosed(error: error) }
    }
}

extension HubAccess.Admission {
    /// Makes the hub's connection on a WebSocket that is open now, or goes on with the one that there is. Call on its event
    /// loop.
    package func start(on webSocket: WebSocketHandler, at endpoint: HubEndpoint) {
        switch kind {
        case .first(let reservation, let request):
            let connection = endpoint.connect(reservation, request: request, transport: webSocket)
            webSocket.attach(connection)
            connection.start()
        case .next(let resumption):
            resumption.start(on: webSocket)
        }
    }
}
