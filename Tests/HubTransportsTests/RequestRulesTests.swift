import HTTPTypes
import HubServer
import NIOCore
import Testing

@testable import HubTransports

@Suite struct RequestTargetTests {
    @Test func takesThePathAndDecodesTheQuery() {
        let target = RequestTarget("/Chat?room=a%20b&id=x_y-z&plus=1+2&flag&a=b=c&bad=%zz%+1%-0%4#frag")
        #expect(target.path == "/Chat")
        #expect(target.query.map(\.name) == ["room", "id", "plus", "flag", "a", "bad"])
        #expect(target.query.map(\.value) == ["a b", "x_y-z", "1 2", "", "b=c", "%zz% 1%-0%4"])
    }

    @Test func comesApartAtBytesAndNotAtCharacters() {
        let target = RequestTarget("/a?\u{301}b=c&\u{301}d=\u{301}e#\u{301}f")
        #expect(target.path == "/a")
        #expect(target.query.map(\.name) == ["\u{301}b", "\u{301}d"])
        #expect(target.query.map(\.value) == ["c", "\u{301}e"])
    }

    @Test func findsNamesWithoutRegardToCase() {
        #expect(RequestTarget("/c?NegotiateVersion=1").value("negotiateversion") == "1")
        #expect(RequestTarget("/c?id=1&ID=2").value("id") == "1")
        #expect(RequestTarget("/c").value("id") == nil)
        #expect(RequestTarget("").path == "")
    }
}

@Suite struct Base64URLTests {
    @Test func comesBackForEveryLength() {
        for count in 0..<100 {
            let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ 200) }
            #expect(Base64URL.decode(Base64URL.encode(bytes)) == bytes)
        }
        #expect(Base64URL.encode([0xFB, 0xEF, 0xFF]) == "--__")
    }

    @Test(arguments: ["a", "ab=", "a+b/", "aaaaa", "AB"]) func refuses(string: String) {
        #expect(Base64URL.decode(string) == nil)
    }
}

@Suite struct WebSocketHandshakeTests {
    private func request(
        key: String? = "dGhlIHNhbXBsZSBub25jZQ==", version: String? = "13", upgrade: String = "websocket",
        connection: String = "Upgrade"
    ) -> HTTPRequest {
        var request = HTTPRequest(method: .get, scheme: "http", authority: "h", path: "/chat")
        request.headerFields[.upgrade] = upgrade
        request.headerFields[.connection] = connection
        request.headerFields[.secWebSocketKey] = key
        request.headerFields[.secWebSocketVersion] = version
        return request
    }

    @Test func answersTheExampleOfTheRFC() throws {
        let response = String(buffer: try WebSocketHandshake(request()).response)
        #expect(response.hasPrefix("HTTP/1.1 101 Switching Protocols\r\n"))
        #expect(response.contains("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"))
        #expect(response.hasSuffix("\r\n\r\n"))
    }

    @Test func knowsAnUpgradeByItsHeaders() {
        #expect(WebSocketHandshake.isAsked(by: request()))
        #expect(WebSocketHandshake.isAsked(by: request(upgrade: "WebSocket", connection: "keep-alive, Upgrade")))
        #expect(!WebSocketHandshake.isAsked(by: request(upgrade: "h2c")))
        #expect(!WebSocketHandshake.isAsked(by: request(connection: "keep-alive")))
    }

    @Test func refusesWhatItCannotAnswer() {
        func status(_ request: HTTPRequest) -> Int? {
            do {
                _ = try WebSocketHandshake(request)
                return nil
            } catch {
                return error.status.code
            }
        }
        #expect(status(request(version: "8")) == 426)
        #expect(status(request(version: nil)) == 426)
        #expect(status(request(key: nil)) == 400)
        #expect(status(request(key: "short")) == 400)
    }
}
