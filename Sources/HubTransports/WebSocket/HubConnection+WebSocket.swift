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

    package func webSocketShouldQuiesce() { endpoint.shouldQuiesce() }

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
            let connection = endpoint.application(reservation, request: request, transport: webSocket)
            webSocket.attach(connection)
            connection.start()
        case .next(let resumption):
            resumption.start(on: webSocket)
        }
    }
}
