import Foundation
import HubHummingbird
import HubProtocol
import HubServer
import HubTesting
import NIOCore
import ServiceLifecycle
import Testing

@Suite(.timeLimit(.minutes(1))) struct ServerSentEventsTests {
    /// Serves a hub whose event streams stay in the task of their request, or leave it.
    private func withNode(
        hub: Hub = .forTests(), detaching: Bool, _ body: @Sendable (TestNode) async throws -> Void
    ) async throws {
        var options = HTTPHubOptions()
        options.detachesEventStreams = detaching
        try await HubHummingbirdTests.withNode(hubs: ["/chat": hub], httpOptions: options) { node async throws in
            try await body(node)
        }
    }

    @Test(arguments: [false, true]) func theHeadAndAFirstCommentComeAtOnce(detaching: Bool) async throws {
        try await withNode(detaching: detaching) { node in
            let id = try #require(try await SignalRTestClient.negotiate(at: node.url("/chat")).id)
            let stream = try await TestEventStream.open(node.url("/chat?id=\(id)"))
            #expect(stream.status == 200)
            #expect(stream.header("content-type") == "text/event-stream")
            #expect(stream.header("cache-control") == "no-cache,no-store")
            #expect(stream.header("pragma") == "no-cache")
            #expect(stream.header("content-encoding") == "identity")
            #expect(stream.header("x-accel-buffering") == "no")
            #expect(stream.header("transfer-encoding") == "chunked")
            #expect(await stream.nextBytes() == ":\r\n")
            let handshake = "{\"protocol\":\"json\",\"version\":1}\u{1E}"
            let answer = try await testRequest("POST", node.url("/chat?id=\(id)"), body: handshake)
            #expect(answer.status == 200)
            #expect(answer.body == "")
            #expect(answer.header("content-type") == "text/plain")
            #expect(await stream.nextBytes() == "data: {}\u{1E}\r\n\r\n")
            await stream.close()
        }
    }

    @Test(arguments: [false, true]) func carriesInvocationsBothWays(detaching: Bool) async throws {
        try await withNode(detaching: detaching) { node in
            let client = try await HTTPTransportClient.connect(to: [node.url("/chat?room=7")], over: .serverSentEvents)
            #expect(try await client.invoke("Echo", "héllo", returning: String.self) == "héllo")
            #expect(try await client.invoke("MyID", returning: String.self) == client.connectionID)
            #expect(try await client.invoke("Query", "room", returning: String.self) == "7")
            #expect(try await client.invoke("Header", "accept", returning: String.self) == "text/event-stream")
            #expect(try await client.invoke("Transport", returning: String.self) == "ServerSentEvents")
            let other = try await SignalRTestClient.connect(to: node.url("/chat"))
            try await other.invoke("Tell", client.connectionID, "news")
            #expect(try await client.next("told").argument(0, as: String.self) == "news")
            try await other.close()
            try await client.close()
        }
    }

    @Test(arguments: [false, true]) func aClientThatLeavesIsDisconnected(detaching: Bool) async throws {
        let (ends, ended) = AsyncStream<Bool>.makeStream()
        let hub = Hub.forTests()
        hub.onDisconnected { _, error in ended.yield(error == nil) }
        try await withNode(hub: hub, detaching: detaching) { node in
            let client = try await HTTPTransportClient.connect(to: [node.url("/chat")], over: .serverSentEvents)
            _ = try await client.invoke("Echo", "", returning: String.self)
            try await client.close()
            #expect(await ends.first { _ in true } == true)
            #expect(try await client.request("POST", body: "{\"type\":6}\u{1E}").status == 404)
        }
    }

    @Test(arguments: [false, true]) func aHubThatEndsTheConnectionEndsTheStream(detaching: Bool) async throws {
        try await withNode(detaching: detaching) { node in
            let client = try await HTTPTransportClient.connect(to: [node.url("/chat")], over: .serverSentEvents)
            try await client.send(raw: "{\"type\":1,\"target\":\"Abort\",\"arguments\":[]}\u{1E}")
            let close = try await client.inbox.take(within: HubTestClient.timeout) { message in
                if case .close = message { true } else { false }
            }
            #expect(close == .close(CloseMessage()))
            await #expect(throws: HubTestError.closed) { try await client.next("nothing") }
        }
    }

    @Test(arguments: [false, true]) func aSlowReaderIsSentEverything(detaching: Bool) async throws {
        try await withNode(detaching: detaching) { node in
            let id = try #require(try await SignalRTestClient.negotiate(at: node.url("/chat")).id)
            let stream = try await TestEventStream.open(node.url("/chat?id=\(id)"))
            let url = node.url("/chat?id=\(id)")
            _ = try await testRequest("POST", url, body: "{\"protocol\":\"json\",\"version\":1}\u{1E}")
            let text = String(repeating: "x", count: 30_000)
            for number in 0..<30 {
                let invocation =
                    "{\"type\":1,\"invocationId\":\"\(number)\",\"target\":\"Echo\",\"arguments\":[\"\(text)\"]}\u{1E}"
                #expect(try await testRequest("POST", url, body: invocation).status == 200)
            }
            var received = ""
            while received.components(separatedBy: "\"type\":3").count <= 30 {
                received += try #require(await stream.nextBytes())
            }
            let numbers = received.components(separatedBy: "\"invocationId\":\"").dropFirst().map {
                Int($0.prefix { $0 != "\"" })
            }
            #expect(numbers == Array(0..<30))
            await stream.close()
        }
    }

    @Test(arguments: [false, true]) func aServerThatStopsSendsClientsAway(detaching: Bool) async throws {
        try await withNode(detaching: detaching) { node in
            let client = try await HTTPTransportClient.connect(to: [node.url("/chat")], over: .serverSentEvents)
            _ = try await client.invoke("Echo", "", returning: String.self)
            await node.group.triggerGracefulShutdown()
            let close = try await client.inbox.take(within: HubTestClient.timeout) { message in
                if case .close = message { true } else { false }
            }
            #expect(close == .close(CloseMessage(allowReconnect: true)))
            await #expect(throws: HubTestError.closed) { try await client.next("nothing") }
        }
    }

    @Test func aStreamThatLeavesItsTaskComesAfterOtherRequestsAndIsTheLast() async throws {
        try await withNode(detaching: true) { node in
            let id = try #require(try await SignalRTestClient.negotiate(at: node.url("/chat")).id)
            let connection = try await RawConnection.connect(port: node.port)
            try await connection.send(request: "POST /chat?id=\(id) HTTP/1.1", headers: [("Content-Length", "0")])
            #expect(try await connection.readHead().hasPrefix("HTTP/1.1 200"))
            try await connection.send(
                request: "GET /chat?id=\(id) HTTP/1.1", headers: [("Accept", "text/event-stream")])
            let head = try await connection.readHead().lowercased()
            #expect(head.hasPrefix("http/1.1 200"))
            #expect(head.contains("connection: close\r\n"))
            #expect(try await connection.read(8) == Array("3\r\n:\r\n\r\n".utf8))
            // Its client's half of the connection ends: it has left.
            try await connection.halfClose()
            await #expect(throws: ChannelError.self) { try await connection.readHead() }
            while try await testRequest("POST", node.url("/chat?id=\(id)")).status != 404 {
                try await Task.sleep(for: .milliseconds(5))
            }
        }
    }
}
