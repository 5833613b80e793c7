package import NIOWebSocket

/// Why a WebSocket ended other than by a close frame.
package enum WebSocketError: Error, Equatable, CustomStringConvertible {
    /// The connection ended without a close frame.
    case connectionLost
    /// The client broke the WebSocket protocol and was told so with this code.
    case protocolViolation(WebSocketErrorCode)

    package var description: String {
        switch self {
        case .connectionLost: "the connection was lost"
        case .protocolViolation(let code): "WebSocket protocol violated (\(UInt16(webSocketErrorCode: code)))"
        }
    }
}
