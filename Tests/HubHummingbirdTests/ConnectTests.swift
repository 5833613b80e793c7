import HubBackplane
import HubHummingbird
import HubServer
import HubTesting
import HubTransports
import Hummingbird
import Logging
import Testing

@Suite(.timeLimit(.minutes(1))) struct ConnectTests {
    @Test func connectsWithANegotiatedID() async throws {
        try await withNode(hubs: ["/chat": .forTests()]) { node async throws in
            let client = try await SignalRTestClient.connect(
                to: node.url("/chat?room=a%20b"), headers: [("X-Mine", "7")])
            #expect(try await client.invoke("MyID", returning: String.self) == client.connectionID)
            #expect(try await client.invoke("Query", "ROOM", returning: String?.self) == "a b")
            #expect(try await client.invoke("Header", "x-mine", returning: String?.self) == "7")
            #expect(try await client.close() == .init(error: nil, allowReconnect: nil, code: 1000))
        }
    }

    @Test func connectsWithoutNegotiating() async throws {
        try await withNode(hubs: ["/chat": .forTests()]) { node async throws in
            let client = try await SignalRTestClient.connect(to: node.url("/chat"), skipsNegotiation: true)
            #expect(try await client.invoke("MyID", returning: String.self).count == 22)
            try await client.close()
        }
    }

    private func refusal(of url: String, headers: [(String, String)] = []) async throws -> WebSocketTestClient
        .UpgradeRefused?
    {
        do {
            try await WebSocketTestClient.connect(to: url, headers: headers).close()
            return nil
        } catch let refusal as WebSocketTestClient.UpgradeRefused {
            return refusal
        }
    }

    @Test func unknownIDsAre404() async throws {
        try await withNode(hubs: ["/chat": .forTests()]) { node async throws in
            for id in ["nonsense", "", String(repeating: "A", count: 60)] {
                #expect(
                    try await refusal(of: node.webSocketURL("/chat?id=\(id)"))
                        == .init(status: 404, body: "No Connection with that ID"))
            }
        }
    }

    @Test func tokensOfAnotherHubAre404() async throws {
        try await withNode(hubs: ["/chat": .forTests(), "/other": .forTests()]) { node async throws in
            let id = try #require(try await SignalRTestClient.negotiate(at: node.url("/other")).id)
            #expect(try await refusal(of: node.webSocketURL("/chat?id=\(id)"))?.status == 404)
            #expect(try await refusal(of: node.webSocketURL("/other?id=\(id)")) == nil)
        }
    }

    @Test func expiredTokensAre404() async throws {
        var options = HTTPHubOptions()
        options.connectTimeout = .milliseconds(1)
        try await withNode(hubs: ["/chat": .forTests()], httpOptions: options) { node async throws in
            let id = try #require(try await SignalRTestClient.negotiate(at: node.url("/chat")).id)
            try await Task.sleep(for: .milliseconds(5))
            #expect(try await refusal(of: node.webSocketURL("/chat?id=\(id)"))?.status == 404)
        }
    }

    @Test func aSecondWebSocketOfAnIDIs409WhileTheFirstLivesAnd404After() async throws {
        try await withNode(hubs: ["/chat": .forTests()]) { node async throws in
            let id = try #require(try await SignalRTestClient.negotiate(at: node.url("/chat")).id)
            let url = node.webSocketURL("/chat?id=\(id)")
            let first = try await WebSocketTestClient.connect(to: url)
            try await first.send("{\"protocol\":\"json\",\"version\":1}\u{1E}")
            #expect(try await first.next() == .text("{}\u{1E}"))
            #expect(try await refusal(of: url)?.status == 409)
            #expect(try await testRequest("POST", node.url("/chat?id=\(id)")).status == 405)
            #expect(try await testRequest("DELETE", node.url("/chat?id=\(id)")).status == 400)
            try await first.close()
            while try await refusal(of: url)?.status == 409 { try await Task.sleep(for: .milliseconds(5)) }
            #expect(try await refusal(of: url) == .init(status: 404, body: "No Connection with that ID"))
        }
    }

    @Test func requestsWithoutUpgradeGetTheStatusesOfTheProtocol() async throws {
        try await withNode(hubs: ["/chat": .forTests()]) { node async throws in
            for method in ["GET", "POST", "DELETE"] {
                let response = try await testRequest(method, node.url("/chat"))
                #expect(response.status == 400)
                #expect(response.body == "Connection ID required")
                #expect(response.header("content-type") == "text/plain")
                #expect(try await testRequest(method, node.url("/chat?id=unknown")).status == 404)
            }
            #expect(try await testRequest("PUT", node.url("/chat")).status == 405)
        }
    }

    @Test func pagesOfOtherOriginsOpenNoWebSocket() async throws {
        try await withNode(hubs: ["/chat": .forTests()]) { node async throws in
            let evil = try await refusal(of: node.webSocketURL("/chat"), headers: [("Origin", "https://evil.example")])
            #expect(evil?.status == 403)
            #expect(try await refusal(of: node.webSocketURL("/chat"), headers: [("Origin", node.url(""))]) == nil)
        }
    }

    @Test func upgradesElsewhereAreTheRoutersToAnswer() async throws {
        let router = Router()
        router.get("plain") { _, _ in "plain HTTP" }
        router.get("chat/deeper") { _, _ in "deeper" }
        try await withNode(hubs: ["/chat": .forTests()], router: router) { node async throws in
            #expect(try await refusal(of: node.webSocketURL("/plain")) == .init(status: 200, body: "plain HTTP"))
            #expect(try await refusal(of: node.webSocketURL("/nowhere"))?.status == 404)
            #expect(try await refusal(of: node.webSocketURL("/chat/deeper")) == .init(status: 200, body: "deeper"))
            #expect(try await testRequest("GET", node.url("/plain")).body == "plain HTTP")
        }
    }

    @Test func refusedUpgradesPassThroughTheMiddleware() async throws {
        struct Stamp: RouterMiddleware {
            @concurrent func handle(
                _ request: Request, context: BasicRequestContext,
                next: @concurrent (Request, BasicRequestContext) async throws -> Response
            ) async throws -> Response {
                var response = try await next(request, context)
                if response.status == .notFound { response.status = .gone }
                return response
            }
        }
        let router = Router()
        router.add(middleware: Stamp())
        try await withNode(hubs: ["/chat": .forTests()], router: router) { node async throws in
            #expect(try await refusal(of: node.webSocketURL("/chat?id=unknown"))?.status == 410)
        }
    }

    @Test func brokenHandshakesAreToldWhatIsWrong() async throws {
        try await withNode(hubs: ["/chat": .forTests()]) { node async throws in
            let upgrade = [("Upgrade", "websocket"), ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==")]
            let old = try await RawConnection.connect(port: node.port)
            try await old.send(
                request: "GET /chat HTTP/1.1",
                headers: upgrade + [("Sec-WebSocket-Version", "8"), ("Connection", "Upgrade")])
            let answer = try await old.readHead()
            #expect(answer.hasPrefix("HTTP/1.1 426"))
            #expect(answer.lowercased().contains("sec-websocket-version: 13"))
            await old.close()
        }
    }

    @Test func whatIsNoHTTPIsAnsweredWith400() async throws {
        try await withNode(hubs: ["/chat": .forTests()]) { node async throws in
            let connection = try await RawConnection.connect(port: node.port)
            try await connection.send(Array("what is this?\r\n\r\n".utf8))
            #expect(try await connection.readHead().hasPrefix("HTTP/1.1 400"))
            await connection.close()
        }
    }

    @Test func clientsOfTwoNodesReachEachOther() async throws {
        let backplane = InMemoryBackplane()
        try await withNode(hubs: ["/chat": .forTests()], backplane: backplane) { first async throws in
            try await withNode(hubs: ["/chat": .forTests()], backplane: backplane) { second async throws in
                let alice = try await SignalRTestClient.connect(to: first.url("/chat"), through: second.url("/chat"))
                let bob = try await SignalRTestClient.connect(to: second.url("/chat"), through: first.url("/chat"))
                #expect(try await alice.invoke("MyID", returning: String.self) == alice.connectionID)
                try await bob.invoke("Tell", try #require(alice.connectionID), "hello from the other node")
                #expect(try await alice.next("told").argument(0, as: String.self) == "hello from the other node")
                try await alice.close()
                try await bob.close()
            }
        }
    }

    @Test func aTokenMakesOneConnectionInTheWholeCluster() async throws {
        let backplane = InMemoryBackplane()
        try await withNode(hubs: ["/chat": .forTests()], backplane: backplane) { first async throws in
            try await withNode(hubs: ["/chat": .forTests()], backplane: backplane) { second async throws in
                let id = try #require(try await SignalRTestClient.negotiate(at: first.url("/chat")).id)
                let webSocket = try await WebSocketTestClient.connect(to: first.webSocketURL("/chat?id=\(id)"))
                #expect(try await refusal(of: second.webSocketURL("/chat?id=\(id)"))?.status == 409)
                try await webSocket.close()
            }
        }
    }

    @Test func healthTellsWhetherToSendClientsHere() async throws {
        let backplane = InMemoryBackplane()
        let server = HubServer(
            backplane: backplane, names: BackplaneNames(app: "test"), logger: .init(label: "test"))
        let router = Router()
        router.health(of: server)
        try await withNode(hubs: [:], router: router) { node async throws in
            #expect(try await testRequest("GET", node.url("/health/live")).status == 200)
            #expect(try await testRequest("GET", node.url("/health/ready")).status == 503)
            let running = Task { try await server.run() }
            while try await testRequest("GET", node.url("/health/ready")).status != 200 {}
            await server.shutdown()
            running.cancel()
            #expect(try await testRequest("GET", node.url("/health/live")).status == 200)
            #expect(try await testRequest("GET", node.url("/health/ready")).status == 503)
        }
    }
}
