import HubBackplane
import HubHummingbird
import HubServer
import HubTesting
import Testing

/// What a client is told of its connection's first request: nothing before other nodes find the connection.
@Suite(.timeLimit(.minutes(1))) struct FirstRequestTests {
    private static let handshake = "{\"protocol\":\"json\",\"version\":1}\u{1E}"

    private func withNodes(
        _ body: @Sendable (_ urls: [String], _ backplane: FaultyBackplane) async throws -> Void
    ) async throws {
        let base = InMemoryBackplane()
        let backplane = FaultyBackplane(base: base)
        try await withNode(hubs: ["/chat": .forTests()], backplane: backplane) { first async throws in
            try await withNode(hubs: ["/chat": .forTests()], backplane: base) { second async throws in
                // Both nodes have read the secret then.
                _ = try await SignalRTestClient.negotiate(at: first.url("/chat"))
                let token = try #require(try await SignalRTestClient.negotiate(at: second.url("/chat")).id)
                try await body([first.url("/chat?id=\(token)"), second.url("/chat?id=\(token)")], backplane)
            }
        }
    }

    /// The handshake may arrive at another node the moment after.
    @Test(arguments: [true, false]) func isAnsweredWhenOtherNodesFindTheConnection(isPoll: Bool) async throws {
        try await withNodes { urls, backplane in
            backplane.change { $0.holdsSubscriptions = true }
            let answer = Task {
                if isPoll {
                    #expect(try await testRequest("GET", urls[0]).status == 200)
                    return (at: ContinuousClock.now, stream: TestEventStream?.none)
                }
                let stream = try await TestEventStream.open(urls[0])
                #expect(stream.status == 200)
                return (at: ContinuousClock.now, stream: stream)
            }
            try await Task.sleep(for: .milliseconds(200))
            let confirmed = ContinuousClock.now
            backplane.change { $0.holdsSubscriptions = false }
            let (answered, stream) = try await answer.value
            #expect(answered >= confirmed)
            #expect(try await testRequest("POST", urls[1], body: Self.handshake).status == 200)
            await stream?.close()
        }
    }

    @Test func isRefusedWhileTheBackplaneIsAwayUnlessItIsAWebSocket() async throws {
        try await withNodes { urls, backplane in
            backplane.setAway(true)
            #expect(try await testRequest("GET", urls[0]).status == 503)
            let events = [("Accept", "text/event-stream")]
            #expect(try await testRequest("GET", urls[0], headers: events).status == 503)
            let socket = try await WebSocketTestClient.connect(to: urls[0].replacing("http:", with: "ws:"))
            try await socket.send(Self.handshake)
            _ = try await socket.next()
            try await socket.close()
        }
    }
}
