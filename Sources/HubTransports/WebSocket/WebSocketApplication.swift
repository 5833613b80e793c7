package import NIOCore

/// What a WebSocket carries bytes to. Everything is called on the WebSocket's event loop.
package protocol WebSocketApplication: AnyObject {
    /// A piece of a message came.
    func webSocketReceived(_ bytes: ByteBuffer, isText: Bool, endsMessage: Bool)
    /// The WebSocket takes more bytes again.
    func webSocketBecameWritable()
    /// The server shuts down: say so to the client and close.
    func webSocketShouldQuiesce()
    /// The WebSocket is closed; the last call, made once.
    ///
    /// - Parameter error: `nil` where it was closed in good order by either side.
    func webSocketClosed(error: WebSocketError?)
}
