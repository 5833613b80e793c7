import HubBackplane
import HubHummingbird
import HubProtocol
import HubServer
import HubTesting
import Synchronization
import Testing

/// Clients whose requests arrive at one node of three after the other.
@Suite(.timeLimit(.minutes(2))) struct RelayedClientsTests {
    private static let handshake = "{\"protocol\":\"json\",\"version\":1}\u{1E}"
    private static let events = [("Accept", "text/event-stream")]

    /// Serves a hub on three nodes while the body runs.
    private func withNodes(
        hub: @Sendable () -> Hub = { .forTests() }, hubOptions: HubOptions = HubOptions(),
        httpOptions: HTTPHubOptions = HTTPHubOptions(),
        _ body: @Sendable ([TestNode]) async throws -> Void
    ) async throws {
        let backplane = InMemoryBackplane()
        try await withNode(
            hubs: ["/chat": hub()], backplane: backplane, hubOptions: hubOptions, httpOptions: httpOptions
        ) { first async throws in
            try await withNode(
                hubs: ["/chat": hub()], backplane: backplane, hubOptions: hubOptions, httpOptions: httpOptions
            ) { second async throws in
                try await withNode(
                    hubs: ["/chat": hub()], backplane: backplane, hubOptions: hubOptions, httpOptions: httpOptions
                ) { third async throws in
                    try await body([first, second, third])
                }
            }
        }
    }

    private func negotiated(_ nodes: [TestNode]) async throws -> [String] {
        let token = try #require(try await SignalRTestClient.negotiate(at: nodes[0].url("/chat")).id)
        return nodes.map { $0.url("/chat?id=\(token)") }
    }

    @Test(arguments: [HTTPTransportClient.Transport.serverSentEvents, .longPolling])
    func everythingArrivesInOrder(transport: HTTPTransportClient.Transport) async throws {
        try await withNodes { nodes in
            let urls = nodes.map { $0.url("/chat") }
            let client = try await HTTPTransportClient.connect(to: urls, over: transport)
            for number in 0..<30 {
                #expect(try await client.invoke("Echo", "\(number)", returning: String.self) == "\(number)")
            }
            let large = String(repeating: "y", count: 20_000)
            #expect(try await client.invoke("Length", large, returning: Int.self) == 20_000)
            let other = try await SignalRTestClient.connect(to: nodes[2].url("/chat"))
            for number in 0..<30 { try await other.invoke("Tell", client.connectionID, "news \(number)") }
            for number in 0..<30 {
                #expect(try await client.next("told").argument(0, as: String.self) == "news \(number)")
            }
            try await other.close()
            try await client.close()
        }
    }

    @Test func aBodyOfManyPiecesArrivesWhole() async throws {
        var options = HubOptions()
        options.maximumReceiveMessageSize = 1 << 20
        try await withNodes(hubOptions: options) { nodes in
            let client = try await HTTPTransportClient.connect(to: nodes.map { $0.url("/chat") }, over: .longPolling)
            for count in [60_000, 70_000, 500_000] {
                let text = String(repeating: "z", count: count)
                #expect(try await client.invoke("Length", text, returning: Int.self) == count)
            }
            try await client.close()
        }
    }

    @Test func statusesAreTheSameAtAnyNode() async throws {
        try await withNodes { nodes in
            let polling = try await negotiated(nodes)
            _ = try await testRequest("GET", polling[0])
            #expect(try await testRequest("GET", polling[1], headers: Self.events).status == 400)
            let streaming = try await negotiated(nodes)
            let stream = try await TestEventStream.open(streaming[0])
            #expect(try await testRequest("GET", streaming[1], headers: Self.events).status == 409)
            #expect(try await testRequest("GET", streaming[2]).body == "Cannot change transports mid-connection")
            #expect(try await testRequest("DELETE", streaming[1]).status == 400)
            await stream.close()
            while try await testRequest("POST", streaming[1]).status == 200 {
                try await Task.sleep(for: .milliseconds(5))
            }
            #expect(try await testRequest("POST", streaming[1]).body == "No Connection with that ID")

            let socket = try await negotiated(nodes)
            let webSocket = try await WebSocketTestClient.connect(to: socket[0].replacing("http:", with: "ws:"))
            try await webSocket.send(Self.handshake)
            _ = try await webSocket.next()
            #expect(try await testRequest("POST", socket[1]).status == 405)
            #expect(try await testRequest("DELETE", socket[1]).status == 400)
            try await webSocket.close()
        }
    }

    @Test func aWebSocketAnswersForItsConnectionBeforeItsHandshake() async throws {
        try await withNodes { nodes in
            let urls = try await negotiated(nodes)
            let webSocketURL = urls[0].replacing("http:", with: "ws:")
            let webSocket = try await WebSocketTestClient.connect(to: webSocketURL)
            for url in urls {
                #expect(try await testRequest("POST", url).status == 405)
                #expect(try await testRequest("DELETE", url).status == 400)
                #expect(try await testRequest("GET", url).body == "Cannot change transports mid-connection")
                let refusal = await #expect(throws: WebSocketTestClient.UpgradeRefused.self) {
                    try await WebSocketTestClient.connect(to: url.replacing("http:", with: "ws:"))
                }
                #expect(refusal?.status == 409)
            }
            try await webSocket.send(Self.handshake)
            #expect(try await webSocket.next() == .text("{}\u{1E}"))
            for url in urls { #expect(try await testRequest("POST", url).status == 405) }
            try await webSocket.close()

            let short = try await negotiated(nodes)
            try await WebSocketTestClient.connect(to: short[0].replacing("http:", with: "ws:")).close()
            while try await testRequest("POST", short[0]).status == 405 { try await Task.sleep(for: .milliseconds(5)) }
            for url in short {
                #expect(try await testRequest("POST", url).body == "No Connection with that ID")
            }
        }
    }

    @Test func whereThereAreWebSocketsOnlyRequestsAreAnsweredAsAnywhere() async throws {
        var options = HTTPHubOptions()
        options.transports = [.webSockets]
        try await withNodes(httpOptions: options) { nodes in
            let urls = try await negotiated(nodes)
            for url in urls { #expect(try await testRequest("POST", url).status == 404) }
            let webSocket = try await WebSocketTestClient.connect(to: urls[0].replacing("http:", with: "ws:"))
            for url in urls {
                let response = try await testRequest("POST", url)
                #expect(response.status == 405)
                #expect(response.header("allow") == "GET, OPTIONS")
                #expect(try await testRequest("DELETE", url).status == 400)
            }
            try await webSocket.close()
        }
    }

    @Test func aPollWhoseClientLeftAnotherNodeGivesWhatItHadToTheNext() async throws {
        try await withNodes { nodes in
            let connection = try await PollingConnection(to: nodes)
            let gone = try await RawConnection.connect(port: nodes[1].port)
            try await gone.send(request: "GET \(connection.target) HTTP/1.1", headers: [])
            try await connection.pollWaits()
            await gone.close()
            try await connection.pollIsGone()
            _ = try await testRequest("POST", connection.urls[2], body: Self.handshake)
            #expect(try await testRequest("GET", connection.urls[2]).body == "{}\u{1E}")
        }
    }

    @Test func aNewerPollAtAnotherNodeTakesOver() async throws {
        try await withNodes { nodes in
            let connection = try await PollingConnection(to: nodes)
            async let older = testRequest("GET", connection.urls[1])
            try await connection.pollWaits()
            async let newer = testRequest("GET", connection.urls[2])
            #expect(try await older.status == 204)
            _ = try await testRequest("POST", connection.urls[1], body: Self.handshake)
            #expect(try await newer.body == "{}\u{1E}")
        }
    }

    @Test func whatIsSentBeforeTheStreamIsThereMakesAHomeThatTheStreamFinds() async throws {
        try await withNodes { nodes in
            let urls = try await negotiated(nodes)
            #expect(try await testRequest("POST", urls[0], body: Self.handshake).status == 200)
            let stream = try await TestEventStream.open(urls[1])
            #expect(stream.status == 200)
            let invocation =
                "{\"type\":1,\"invocationId\":\"1\",\"target\":\"Query\",\"arguments\":[\"id\"]}\u{1E}"
            #expect(try await testRequest("POST", urls[2], body: invocation).status == 200)
            var bytes = ""
            while !bytes.contains("\"invocationId\":\"1\"") { bytes += try #require(await stream.nextBytes()) }
            // Events of a relayed stream are not split, however much they are; its end reaches the home.
            await stream.close()
            while try await testRequest("POST", urls[2]).status == 200 { try await Task.sleep(for: .milliseconds(5)) }
        }
    }

    /// A stream whose client reads nothing: what the home sends stops at the window, the rest stays in its outbox.
    @Test func aRelayedStreamOfASlowClientHoldsItsHomeBack() async throws {
        var options = HubOptions()
        options.maximumOutboxSize = 8 << 20
        options.transportSendTimeout = .seconds(60)
        try await withNodes(hubOptions: options) { nodes in
            let urls = try await negotiated(nodes)
            #expect(try await testRequest("POST", urls[0], body: Self.handshake).status == 200)
            let stream = try await TestEventStream.open(urls[1])
            let text = String(repeating: "x", count: 25_000)
            for number in 0..<100 {
                let invocation =
                    "{\"type\":1,\"invocationId\":\"\(number)\",\"target\":\"Echo\",\"arguments\":[\"\(text)\"]}\u{1E}"
                #expect(try await testRequest("POST", urls[2], body: invocation).status == 200)
            }
            var received = ""
            var next = 0
            while next < 100 {
                received += try #require(await stream.nextBytes())
                while let found = received.firstRange(of: "\"invocationId\":\"\(next)\"") {
                    received.removeSubrange(..<found.upperBound)
                    next += 1
                }
            }
            await stream.close()
        }
    }

    @Test func twoFirstRequestsMakeOneConnection() async throws {
        let connected = Mutex(0)
        // The second poll waits for messages where the first was there before it.
        var options = HubOptions()
        options.pollTimeout = .milliseconds(500)
        let hub: @Sendable () -> Hub = {
            let hub = Hub.forTests()
            hub.onConnected { _ in connected.withLock { $0 += 1 } }
            return hub
        }
        try await withNodes(hub: hub, hubOptions: options) { nodes in
            for _ in 0..<5 {
                connected.withLock { $0 = 0 }
                let urls = try await negotiated(nodes)
                async let first = testRequest("GET", urls[0])
                async let second = testRequest("GET", urls[1])
                let statuses = [try await first.status, try await second.status]
                // Both are polls of one connection, or one came before there was any.
                #expect(statuses.contains(200))
                guard try await testRequest("POST", urls[2], body: Self.handshake).status == 200 else { continue }
                var answer = ""
                while answer.isEmpty { answer = try await testRequest("GET", urls[2]).body }
                #expect(answer == "{}\u{1E}")
                #expect(connected.withLock { $0 } == 1)
                _ = try await testRequest("DELETE", urls[0])
            }
        }
    }

    @Test func aTokenOfAnEndedConnectionMakesNoOther() async throws {
        try await withNodes { nodes in
            let urls = try await negotiated(nodes)
            _ = try await testRequest("GET", urls[0])
            #expect(try await testRequest("DELETE", urls[1]).status == 202)
            for url in urls {
                #expect(try await testRequest("GET", url).status == 404)
                #expect(try await testRequest("POST", url).status == 404)
                #expect(try await testRequest("GET", url, headers: Self.events).status == 404)
            }
        }
    }
}
