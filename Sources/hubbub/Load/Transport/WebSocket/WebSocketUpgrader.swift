import Crypto
import Foundation
import NIOCore
import NIOHTTP1
import NIOWebSocket

/// The client's part of the opening handshake (RFC 6455, section 4.1); a ``WebSocketTransport`` reads the frames itself.
struct WebSocketUpgrader: NIOTypedHTTPClientProtocolUpgrader {
    let supportedProtocol = "websocket"
    let requiredUpgradeHeaders: [String] = []
    private let key = Data((0..<16).map { _ in UInt8.random(in: 0...255) }).base64EncodedString()
    private let transport: NIOLoopBound<WebSocketTransport>

    init(for transport: NIOLoopBound<WebSocketTransport>) { self.transport = transport }

    func addCustom(upgradeRequestHeaders headers: inout HTTPHeaders) {
        headers.add(name: "Sec-WebSocket-Version", value: "13")
        headers.add(name: "Sec-WebSocket-Key", value: key)
    }

    func shouldAllowUpgrade(upgradeResponse: HTTPResponseHead) -> Bool {
        let digest = Insecure.SHA1.hash(data: Data((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").utf8))
        return upgradeResponse.headers["Sec-WebSocket-Accept"] == [Data(digest).base64EncodedString()]
    }

    func upgrade(channel: any Channel, upgradeResponse: HTTPResponseHead) -> EventLoopFuture<Void> {
        channel.eventLoop.makeCompletedFuture {
            try channel.pipeline.syncOperations.addHandlers([WebSocketFrameEncoder(), transport.value])
        }
    }
}
