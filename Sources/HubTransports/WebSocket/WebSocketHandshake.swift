import Crypto
package import HTTPTypes
package import NIOCore

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// The server's part of the opening handshake over HTTP/1.1 (RFC 6455, section 4.2).
package struct WebSocketHandshake: Sendable {
    private let key: String

    /// Whether a request asks for a WebSocket.
    package static func isAsked(by request: HTTPRequest) -> Bool {
        request.method == .get && request.headerFields.hasToken("websocket", in: .upgrade)
            && request.headerFields.hasToken("upgrade", in: .connection)
    }

    package init(_ request: HTTPRequest) throws(HubRefusal) {
        guard request.headerFields[.secWebSocketVersion] == "13" else {
            throw HubRefusal(status: .upgradeRequired, text: "WebSocket version 13 is required")
        }
        guard let key = request.headerFields[.secWebSocketKey], Data(base64Encoded: key)?.count == 16 else {
            throw HubRefusal(status: .badRequest, text: "Sec-WebSocket-Key is not valid")
        }
        self.key = key
    }

    /// The 101 response as it goes out.
    package var response: ByteBuffer {
        let digest = Insecure.SHA1.hash(data: Array((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").utf8))
        return ByteBuffer(
            string: """
                HTTP/1.1 101 Switching Protocols\r
                Upgrade: websocket\r
                Connection: Upgrade\r
                Sec-WebSocket-Accept: \(Data(digest).base64EncodedString())\r
                \r

                """)
    }
}

extension HTTPFields {
    /// Whether a header that is a list of words has this one, given in lower case.
    fileprivate func hasToken(_ token: String, in name: HTTPField.Name) -> Bool {
        self[values: name].contains { value in
            value.split(separator: ",").contains { word in
                word.drop { $0 == " " }.prefix { $0 != " " }.lowercased() == token
            }
        }
    }
}
