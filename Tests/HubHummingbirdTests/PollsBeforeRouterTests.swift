import HubHummingbird
import HubServer
import HubTesting
import NIOCore
import Testing

/// What polls that wait leave to the connections that they come on.
@Suite(.timeLimit(.minutes(1))) struct PollsBeforeRouterTests {
    private func withPolling(
        _ body: @Sendable (TestNode, PollingConnection, RawConnection) async throws -> Void
    ) async throws {
        try await withNode(hubs: ["/chat": .forTests()], httpOptions: LongPollingTests.options(true)) {
            node async throws in
            let polling = try await PollingConnection(to: [node])
            try await polling.shakeHands()
            let connection = try await RawConnection.connect(port: node.port)
            try await body(node, polling, connection)
            await connection.close()
        }
    }

    private let echo = "{\"type\":1,\"invocationId\":\"1\",\"target\":\"Echo\",\"arguments\":[\"a\"]}\u{1E}"
    private let answer = "{\"type\":3,\"invocationId\":\"1\",\"result\":\"a\"}\u{1E}"

    /// Requests that a client sends before their predecessors are answered are answered in their order (RFC 9112, section
    /// 9.3.2), the router's too.
    @Test func whatFollowsAPollIsAnsweredAfterIt() async throws {
        try await withPolling { node, polling, connection in
            let rest = "GET \(polling.target) HTTP/1.1\r\nHost: h\r\n\r\nPUT /chat HTTP/1.1\r\nHost: h\r\n\r\n"
            try await connection.send(
                request: "GET \(polling.target) HTTP/1.1", headers: [], then: Array(rest.utf8))
            try await polling.pollWaits()
            for _ in 0..<2 {
                #expect(try await testRequest("POST", polling.url, body: echo).status == 200)
                let head = try await connection.readHead().lowercased()
                #expect(head.hasPrefix("http/1.1 200") && head.contains("content-length: \(answer.utf8.count)\r\n"))
            }
            #expect(try await connection.readHead().hasPrefix("HTTP/1.1 405"))
        }
    }

    @Test func itsConnectionMayBecomeAWebSocket() async throws {
        try await withPolling { node, polling, connection in
            try await connection.send(request: "GET \(polling.target) HTTP/1.1", headers: [])
            try await polling.pollWaits()
            #expect(try await testRequest("POST", polling.url, body: echo).status == 200)
            #expect(try await connection.readHead().hasPrefix("HTTP/1.1 200"))
            try await connection.send(
                request: "GET /chat HTTP/1.1",
                headers: [
                    ("Upgrade", "websocket"), ("Connection", "Upgrade"), ("Sec-WebSocket-Version", "13"),
                    ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
                ])
            #expect(try await connection.readHead().hasPrefix("HTTP/1.1 101"))
        }
    }

    /// What the poll would have had goes to the next one.
    @Test(arguments: [false, true]) func aClientThatLeavesIsNoticed(byHalves: Bool) async throws {
        try await withPolling { node, polling, connection in
            try await connection.send(request: "GET \(polling.target) HTTP/1.1", headers: [])
            try await polling.pollWaits()
            if byHalves { try await connection.halfClose() } else { await connection.close() }
            try await polling.pollIsGone()
            #expect(try await testRequest("POST", polling.url, body: echo).status == 200)
            #expect(try await testRequest("GET", polling.url).body == answer)
        }
    }

    @Test func aPollThatAsksForTheEndOfItsConnectionGetsIt() async throws {
        try await withPolling { node, polling, connection in
            try await connection.send(request: "GET \(polling.target) HTTP/1.1", headers: [("Connection", "close")])
            try await polling.pollWaits()
            #expect(try await testRequest("POST", polling.url, body: echo).status == 200)
            #expect(try await connection.readHead().lowercased().contains("connection: close"))
            await #expect(throws: ChannelError.self) { try await connection.read(1) }
        }
    }

    /// A client's polls and sends may come on one connection, in any order and before their predecessors are answered.
    @Test func sendsAndPollsOfOneConnectionAreAnsweredInTheirOrder() async throws {
        try await withPolling { node, polling, connection in
            let post = "POST \(polling.target) HTTP/1.1\r\nHost: h\r\nContent-Length: \(echo.utf8.count)\r\n\r\n\(echo)"
            let poll = "GET \(polling.target) HTTP/1.1\r\nHost: h\r\n\r\n"
            let unknown = "POST /chat?id=unknown HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\nx"
            try await connection.send(
                request: "POST \(polling.target) HTTP/1.1", headers: [("Content-Length", "\(echo.utf8.count)")],
                then: Array((echo + poll + post + unknown + poll).utf8))
            #expect(try await connection.readHead().hasPrefix("HTTP/1.1 200"))
            #expect(try await connection.readHead().lowercased().contains("content-length: \(answer.utf8.count)\r\n"))
            #expect(try await connection.readHead().hasPrefix("HTTP/1.1 200"))
            #expect(try await connection.readHead().hasPrefix("HTTP/1.1 404"))
            #expect(try await connection.readHead().lowercased().contains("content-length: \(answer.utf8.count)\r\n"))
        }
    }

    @Test func aSendThatComesInPiecesIsOne() async throws {
        try await withPolling { node, polling, connection in
            try await connection.send(
                request: "POST \(polling.target) HTTP/1.1", headers: [("Content-Length", "\(echo.utf8.count)")],
                then: Array(echo.utf8.prefix(10)))
            try await Task.sleep(for: .milliseconds(20))
            try await connection.send(Array(echo.utf8.dropFirst(10)))
            #expect(try await connection.readHead().hasPrefix("HTTP/1.1 200"))
            #expect(try await testRequest("GET", polling.url).body == answer)
        }
    }

    @Test func aSendWhoseClientLeavesInTheMidstIsNone() async throws {
        try await withPolling { node, polling, connection in
            try await connection.send(
                request: "POST \(polling.target) HTTP/1.1", headers: [("Content-Length", "\(echo.utf8.count)")],
                then: Array(echo.utf8.prefix(10)))
            await connection.close()
            #expect(try await testRequest("POST", polling.url, body: echo).status == 200)
            #expect(try await testRequest("GET", polling.url).body == answer)
        }
    }
}
