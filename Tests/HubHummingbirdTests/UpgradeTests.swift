import HubHummingbird
import HubTesting
import Hummingbird
import ServiceLifecycle
import Testing

@testable import HubServer

/// WebSockets on connections that carry other requests before, as those between a load balancer and its nodes.
@Suite(.timeLimit(.minutes(1))) struct UpgradeTests {
    private static let handshake = Array("{\"protocol\":\"json\",\"version\":1}\u{1E}".utf8)
    private static let key = [
        ("Upgrade", "websocket"), ("Connection", "Upgrade"), ("Sec-WebSocket-Version", "13"),
        ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ]

    private func frame(_ payload: [UInt8]) -> [UInt8] {
        precondition(payload.count < 126)
        return [0x81, 0x80 | UInt8(payload.count), 0, 0, 0, 0] + payload
    }

    private func expectAnswer(_ payload: String, on connection: RawConnection) async throws {
        #expect(try await connection.read(payload.utf8.count + 2) == [0x81, UInt8(payload.utf8.count)] + payload.utf8)
    }

    /// A hub beside a route, negotiated in front of the router or by it.
    private func withPlainRoute(
        negotiatesBeforeRouter: Bool = false, _ body: @Sendable (TestNode) async throws -> Void
    ) async throws {
        let router = Router()
        router.get("plain") { _, _ in "plain HTTP" }
        var options = HTTPHubOptions()
        options.negotiatesBeforeRouter = negotiatesBeforeRouter
        try await withNode(hubs: ["/chat": .forTests()], router: router, httpOptions: options) { node async throws in
            try await body(node)
        }
    }

    /// All in one packet: nothing of it is lost, whatever it becomes.
    private func upgrade(_ connection: RawConnection, _ target: String) async throws {
        let ping = Array("{\"type\":1,\"invocationId\":\"1\",\"target\":\"Echo\",\"arguments\":[\"a\"]}\u{1E}".utf8)
        try await connection.send(
            request: "GET \(target) HTTP/1.1", headers: Self.key, then: frame(Self.handshake) + frame(ping))
        #expect(try await connection.readHead().hasPrefix("HTTP/1.1 101"))
        try await expectAnswer("{}\u{1E}", on: connection)
        try await expectAnswer("{\"type\":3,\"invocationId\":\"1\",\"result\":\"a\"}\u{1E}", on: connection)
    }

    @Test func theFirstRequestUpgradesAndWhatFollowsInOnePacketIsNotLost() async throws {
        try await withPlainRoute { node in
            let connection = try await RawConnection.connect(port: node.port)
            try await upgrade(connection, "/chat")
            await connection.close()
        }
    }

    @Test(arguments: [false, true]) func aLaterRequestUpgradesToo(negotiatesBeforeRouter: Bool) async throws {
        try await withPlainRoute(negotiatesBeforeRouter: negotiatesBeforeRouter) { node in
            let connection = try await RawConnection.connect(port: node.port)
            try await connection.send(request: "GET /plain HTTP/1.1", headers: [])
            #expect(try await connection.readHead().hasPrefix("HTTP/1.1 200"))
            try await connection.send(
                request: "POST /chat/negotiate?negotiateVersion=1 HTTP/1.1", headers: [("Content-Length", "0")])
            #expect(try await connection.readHead().hasPrefix("HTTP/1.1 200"))
            try await upgrade(connection, "/chat")

            // It reads on, and closes as any other.
            let echo = "{\"type\":1,\"invocationId\":\"2\",\"target\":\"Echo\",\"arguments\":[\"b\"]}\u{1E}"
            for _ in 0..<20 {
                try await connection.send(frame(Array(echo.utf8)))
                try await expectAnswer(
                    "{\"type\":3,\"invocationId\":\"2\",\"result\":\"b\"}\u{1E}", on: connection)
            }
            let hub = try #require(node.hubs["/chat"]).endpoint
            #expect(hub.connectionCount == 1)
            await connection.close()
            try await eventually { hub.connectionCount == 0 }
        }
    }

    @Test func whatIsPipelinedBeforeTheUpgradeIsAnsweredBefore() async throws {
        try await withPlainRoute { node in
            let connection = try await RawConnection.connect(port: node.port)
            let plain = "GET /plain HTTP/1.1\r\nHost: test\r\n\r\n"
            let key = Self.key.map { "\($0): \($1)\r\n" }.joined()
            let upgrade = "GET /chat HTTP/1.1\r\nHost: test\r\n\(key)\r\n"
            try await connection.send(Array((plain + plain + upgrade).utf8) + frame(Self.handshake))
            for status in ["200", "200", "101"] {
                #expect(try await connection.readHead().hasPrefix("HTTP/1.1 \(status)"))
            }
            try await expectAnswer("{}\u{1E}", on: connection)
            await connection.close()
        }
    }

    @Test func aLaterUpgradeThatIsRefusedIsAnsweredSo() async throws {
        try await withPlainRoute { node in
            let connection = try await RawConnection.connect(port: node.port)
            try await connection.send(request: "GET /plain HTTP/1.1", headers: [])
            #expect(try await connection.readHead().hasPrefix("HTTP/1.1 200"))
            try await connection.send(
                request: "GET /chat?id=AAAAAAAAAAAAAAAAAAAAAA HTTP/1.1", headers: Self.key)
            let answer = try await connection.readHead().lowercased()
            #expect(answer.hasPrefix("http/1.1 404"))
            #expect(answer.contains("connection: close\r\n"))
            await connection.close()
        }
    }

    @Test func aServerThatStopsSaysSoToALaterUpgrade() async throws {
        try await withPlainRoute { node in
            let connection = try await RawConnection.connect(port: node.port)
            try await connection.send(request: "GET /plain HTTP/1.1", headers: [])
            #expect(try await connection.readHead().hasPrefix("HTTP/1.1 200"))
            try await upgrade(connection, "/chat")
            await node.group.triggerGracefulShutdown()
            try await expectAnswer("{\"type\":7,\"allowReconnect\":true}\u{1E}", on: connection)
            #expect(try await connection.read(4) == [0x88, 2, 0x03, 0xE9])
            await connection.close()
        }
    }

    @Test func anUpgradeWithABodyIsNone() async throws {
        try await withPlainRoute { node in
            let connection = try await RawConnection.connect(port: node.port)
            try await connection.send(request: "GET /plain HTTP/1.1", headers: [])
            #expect(try await connection.readHead().hasPrefix("HTTP/1.1 200"))
            try await connection.send(
                request: "GET /chat HTTP/1.1", headers: Self.key + [("Content-Length", "4")], then: Array("body".utf8))
            let answer = try await connection.readHead().lowercased()
            #expect(answer.hasPrefix("http/1.1 400"))
            #expect(answer.contains("connection: close\r\n"))
            await connection.close()
        }
    }
}
