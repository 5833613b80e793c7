import Crypto
package import HTTPTypes
package import NIOCore

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// Chooses the WebSocket sub-protocol of a connection among those that the client offers, nil for none.
package typealias WebSocketSubProtocolSelector = @Sendable (_ offered: [String]) -> String?

/// The server's part of the opening handshake over HTTP/1.1 (RFC 6455, section 4.2).
package struct WebSocketHandshake: Sendable {
    private let key: String
    private let subProtocol: String?

    /// Whether a request asks for a WebSocket.
    package static func isAsked(by request: HTTPRequest) -> Bool {
        request.method == .get && request.headerFields.hasToken("websocket", in: .upgrade)
            && request.headerFields.hasToken("upgrade", in: .connection)
    }

    /// - Parameter subProtocol: Chooses among those that the client offers.
    package init(
        _ request: HTTPRequest, subProtocol: WebSocketSubProtocolSelector? = nil
    ) throws(HubRefusal) {
        guard request.headerFields[.secWebSocketVersion] == "13" else {
            throw HubRefusal(status: .upgradeRequired, text: "WebSocket version 13 is required")
        }
        guard let key = request.headerFields[.secWebSocketKey], Data(base64Encoded: key)?.count == 16 else {
            throw HubRefusal(status: .badRequest, text: "Sec-WebSocket-Key is not valid")
        }
        self.key = key
        self.subProtocol = subProtocol.flatMap { $0(request.headerFields.words(of: .secWebSocketProtocol)) }
    }

    /// The 101 response as it goes out.
    package var response: ByteBuffer {
        let digest = Insecure.SHA1.hash(data: Array((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").utf8))
        let subProtocol = subProtocol.map { "Sec-WebSocket-Protocol: \($0)\r\n" } ?? ""
        return ByteBuffer(
            string: """
                HTTP/1.1 101 Switching Protocols\r
                Upgrade: websocket\r
                Connection: Upgrade\r
                Sec-WebSocket-Accept: \(Data(digest).base64EncodedString())\r
                \(subProtocol)\r

                """)
    }
}

extension HTTPFields {
    /// Whether a header that is a list of words has this one, given in lower case.
    fileprivate func hasToken(_ token: String, in name: HTTPField.Name) -> Bool {
        words(of: name).contains { $0.lowercased() == token }
    }

    /// The words of a header that is a list of them.
    fileprivate func words(of name: HTTPField.Name) -> [String] {
        self[values: name].flatMap { value in
            value.split(separator: ",").map { word in String(word.drop { $0 == " " }.prefix { $0 != " " }) }
        }
    }
}
