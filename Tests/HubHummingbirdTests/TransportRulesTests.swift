import HubHummingbird
import HubProtocol
import HubServer
import HubTesting
import Synchronization
import Testing

/// What requests are answered that do not fit their connection.
@Suite(.timeLimit(.minutes(1))) struct TransportRulesTests {
    private static let handshake = "{\"protocol\":\"json\",\"version\":1}\u{1E}"
    private static let events = [("Accept", "text/event-stream")]

    private func negotiated(_ node: TestNode, _ path: String = "/chat") async throws -> String {
        node.url("\(path)?id=\(try #require(try await SignalRTestClient.negotiate(at: node.url(path)).id))")
    }

    private func status(_ method: String, _ url: String, _ headers: [(String, String)] = []) async throws -> String {
        let response = try await testRequest(method, url, headers: headers)
        #expect(response.header("content-type") == "text/plain")
        return "\(response.status) \(response.body)"
    }

    @Test(arguments: [("GET", []), ("GET", events), ("POST", []), ("DELETE", [])])
    func theIDIsRequiredAndHasToBeKnown(method: String, headers: [(String, String)]) async throws {
        try await withNode(hubs: ["/chat": .forTests()]) { node async throws in
            #expect(try await status(method, node.url("/chat"), headers) == "400 Connection ID required")
            #expect(
                try await status(method, node.url("/chat?id=AAAAAAAAAAAAAAAAAAAAAA"), headers)
                    == "404 No Connection with that ID")
        }
    }

    private static let methods = [
        ("/chat", "GET, POST, DELETE, OPTIONS"), ("/chat/negotiate", "POST, OPTIONS"),
        ("/Chat/Refresh", "POST, OPTIONS"),
    ]

    @Test(arguments: ["PUT", "PATCH", "HEAD", "PROPFIND", "MKCOL"]) func otherMethodsAreNotAllowed(
        method: String
    ) async throws {
        try await withNode(hubs: ["/chat": .forTests()]) { node async throws in
            for (path, methods) in Self.methods {
                let response = try await testRequest(method, node.url(path))
                #expect(response.status == 405)
                #expect(response.header("allow") == methods)
                #expect(response.body == (method == "HEAD" ? "" : "Method not allowed"))
            }
            #expect(try await testRequest("PROPFIND", node.url("/elsewhere")).status == 404)
        }
    }

    @Test func optionsTellsTheMethodsToWhoeverAsks() async throws {
        try await withNode(hubs: ["/chat": .forTests()]) { node async throws in
            for (path, methods) in Self.methods {
                let response = try await testRequest("OPTIONS", node.url(path))
                #expect(response.status == 204)
                #expect(response.header("allow") == methods)
                #expect(response.header("access-control-allow-origin") == nil)
            }
        }
    }

    @Test func aConnectionKeepsItsTransport() async throws {
        try await withNode(hubs: ["/chat": .forTests()]) { node async throws in
            let polling = try await negotiated(node)
            _ = try await testRequest("GET", polling)
            #expect(try await status("GET", polling, Self.events) == "400 Cannot change transports mid-connection")

            let streaming = try await negotiated(node)
            let stream = try await TestEventStream.open(streaming)
            #expect(try await status("GET", streaming) == "400 Cannot change transports mid-connection")
            #expect(try await status("GET", streaming, Self.events).hasPrefix("409"))
            #expect(try await status("DELETE", streaming).hasPrefix("400"))
            await stream.close()

            let client = try await SignalRTestClient.negotiate(at: node.url("/chat"))
            let socket = node.url("/chat?id=\(try #require(client.id))")
            let webSocket = try await WebSocketTestClient.connect(to: socket.replacing("http:", with: "ws:"))
            try await webSocket.send(Self.handshake)
            _ = try await webSocket.next()
            #expect(try await status("POST", socket).hasPrefix("405"))
            #expect(try await status("DELETE", socket).hasPrefix("400"))
            #expect(try await status("GET", socket) == "400 Cannot change transports mid-connection")
            try await webSocket.close()
        }
    }

    @Test func aWebSocketForAPollingConnectionIsRefused() async throws {
        try await withNode(hubs: ["/chat": .forTests()]) { node async throws in
            let polling = try await negotiated(node)
            _ = try await testRequest("GET", polling)
            await #expect(
                throws: WebSocketTestClient.UpgradeRefused(status: 400, body: "Cannot change transports mid-connection")
            ) {
                _ = try await WebSocketTestClient.connect(to: polling.replacing("http:", with: "ws:"))
            }
        }
    }

    @Test func whatIsSentBeforeTheTransportIsThereIsKept() async throws {
        try await withNode(hubs: ["/chat": .forTests()]) { node async throws in
            let polling = try await negotiated(node)
            #expect(try await testRequest("POST", polling, body: String(Self.handshake.prefix(10))).status == 200)
            #expect(try await testRequest("POST", polling, body: String(Self.handshake.dropFirst(10))).status == 200)
            #expect(try await testRequest("GET", polling).body == "")
            #expect(try await testRequest("GET", polling).body == "{}\u{1E}")

            let streaming = try await negotiated(node)
            #expect(try await testRequest("POST", streaming, body: Self.handshake).status == 200)
            let stream = try await TestEventStream.open(streaming)
            var bytes = ""
            while !bytes.hasSuffix("data: {}\u{1E}\r\n\r\n") { bytes += try #require(await stream.nextBytes()) }
            await stream.close()
        }
    }

    @Test func aConnectionThatGetsNoTransportIsDropped() async throws {
        var options = HubOptions()
        options.disconnectTimeout = .milliseconds(100)
        try await withNode(hubs: ["/chat": .forTests()], hubOptions: options) { node async throws in
            let url = try await negotiated(node)
            #expect(try await testRequest("POST", url, body: Self.handshake).status == 200)
            while try await testRequest("POST", url).status == 200 { try await Task.sleep(for: .milliseconds(20)) }
            #expect(try await status("GET", url) == "404 No Connection with that ID")
        }
    }

    @Test func postsWaitWhileTheApplicationIsFull() async throws {
        var options = HubOptions()
        options.applicationMaxBufferSize = 1000
        options.maximumReceiveMessageSize = 1 << 20
        let (gate, opened) = AsyncStream<Void>.makeStream()
        let hub = Hub.forTests()
        hub.on("Wait") { (context, name: String) async throws in
            for await _ in gate {}
        }
        try await withNode(hubs: ["/chat": hub], hubOptions: options) { node async throws in
            let client = try await HTTPTransportClient.connect(to: [node.url("/chat")], over: .longPolling)
            _ = try await client.invoke("Echo", "", returning: String.self)
            // A method runs; the connection stops to read when much waits for it to return.
            try await client.send(raw: "{\"type\":1,\"target\":\"Wait\",\"arguments\":[\"a\"]}\u{1E}")
            let big =
                "{\"type\":1,\"target\":\"Length\",\"arguments\":[\"\(String(repeating: "x", count: 40_000))\"]}\u{1E}"
            for _ in 0..<2 { try await client.send(raw: big) }
            let isSent = Mutex(false)
            async let sending: Void = {
                try await client.send(raw: big)
                isSent.withLock { $0 = true }
            }()
            try await Task.sleep(for: .milliseconds(200))
            #expect(isSent.withLock { $0 } == false)
            opened.finish()
            try await sending
            #expect(try await client.invoke("Echo", "after", returning: String.self) == "after")
            try await client.close()
        }
    }

    @Test func aBodyThatIsTooLargeIsRefused() async throws {
        var options = HTTPHubOptions()
        options.maximumPostSize = 1000
        try await withNode(hubs: ["/chat": .forTests()], httpOptions: options) { node async throws in
            let url = try await negotiated(node)
            _ = try await testRequest("GET", url)
            let body = String(repeating: " ", count: 1001)
            #expect(try await testRequest("POST", url, body: body).status == 413)
            let chunked = try await testRequest("POST", url, headers: [("Transfer-Encoding", "chunked")], body: body)
            #expect(chunked.status == 413)
            #expect(try await testRequest("POST", url, body: Self.handshake).status == 200)
        }
    }

    @Test func negotiationOffersWhatIsEnabledInOrder() async throws {
        try await withNode(hubs: ["/chat": .forTests()]) { node async throws in
            let all = try await SignalRTestClient.negotiate(at: node.url("/chat")).availableTransports
            #expect(all?.map(\.transport) == ["WebSockets", "ServerSentEvents", "LongPolling"])
            #expect(all?.map(\.transferFormats) == [["Text", "Binary"], ["Text"], ["Text", "Binary"]])
        }
    }

    @Test func transportsThatAreNotEnabledAreNotThere() async throws {
        var options = HTTPHubOptions()
        options.transports = [.webSockets]
        try await withNode(hubs: ["/chat": .forTests()], httpOptions: options) { node async throws in
            let only = try await SignalRTestClient.negotiate(at: node.url("/chat")).availableTransports
            #expect(only?.map(\.transport) == ["WebSockets"])
            let url = try await negotiated(node)
            #expect(try await status("GET", url) == "404 LongPolling transport not enabled")
            #expect(try await status("GET", url, Self.events) == "404 ServerSentEvents transport not enabled")
            #expect(try await status("POST", url).hasPrefix("404"))
        }
        options.transports = [.longPolling]
        try await withNode(hubs: ["/chat": .forTests()], httpOptions: options) { node async throws in
            _ = await #expect(
                throws: WebSocketTestClient.UpgradeRefused(status: 404, body: "WebSockets transport not enabled")
            ) {
                _ = try await WebSocketTestClient.connect(to: node.webSocketURL("/chat"))
            }
        }
    }

    @Test func aTokenIsWorthNothingAtAnotherHub() async throws {
        try await withNode(hubs: ["/chat": .forTests(), "/other": .forTests()]) { node async throws in
            let url = try await negotiated(node, "/other").replacing("/other", with: "/chat")
            #expect(try await status("GET", url) == "404 No Connection with that ID")
            #expect(try await status("POST", url) == "404 No Connection with that ID")
        }
    }
}
