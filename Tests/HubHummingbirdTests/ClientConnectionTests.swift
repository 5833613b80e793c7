import HubBackplane
import HubHummingbird
import HubServer
import HubTesting
import NIOCore
import NIOWebSocket
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(1))) struct ClientConnectionTests {
    private struct Failure: Error {}

    static let echo: ClientConnectionHandler = { connection in
        for await message in connection.messages { try await connection.send(message) }
    }

    @Test func aWebSocketsMessagesComeBackWholeAndInTheirKind() async throws {
        try await withConnections(Self.echo) { node async throws in
            let client = try await WebSocketTestClient.connect(to: node.webSocketURL("/raw"))
            try await client.send("a")
            #expect(try await client.next() == .text("a"))
            try await client.send(ByteBuffer(bytes: [0, 255]))
            #expect(try await client.next() == .binary(ByteBuffer(bytes: [0, 255])))
            try await client.send("")
            #expect(try await client.next() == .text(""))
            #expect(try await client.close() == .normalClosure)
        }
    }

    @Test func theConnectionClosesInGoodOrderWhenItsHandlerReturns() async throws {
        try await withConnections({ connection in
            try await connection.send(
                .init(bytes: ByteBuffer(string: connection.request.query("said") ?? ""), isText: true))
        }) { node async throws in
            let client = try await WebSocketTestClient.connect(to: node.webSocketURL("/raw?said=so"))
            #expect(try await client.next() == .text("so"))
            #expect(try await client.next() == .close(.normalClosure))
        }
    }

    @Test func theConnectionClosesAsFailedWhenItsHandlerThrows() async throws {
        try await withConnections({ _ in throw Failure() }) { node async throws in
            let client = try await WebSocketTestClient.connect(to: node.webSocketURL("/raw"))
            #expect(try await client.next() == .close(.unexpectedServerError))
        }
    }

    /// Of all nodes, as a hub's are; those that are left out stay.
    @Test(arguments: ["", "users/ada/"]) func managementClosesConnectionsThatAreNoHubs(address: String) async throws {
        let backplane = InMemoryBackplane()
        let key = "a key of sixteen bytes"
        var options = HTTPHubOptions()
        options.authentication = .custom { _ in ClaimsPrincipal(claims: [(type: "sub", value: "ada")]) }
        let handler: ClientConnectionHandler = { connection in
            try await connection.send(.init(bytes: ByteBuffer(string: connection.id), isText: true))
            try await Self.echo(connection)
        }
        try await withConnections(backplane: backplane, httpOptions: options, managementKey: key, handler) {
            [options] first async throws in
            try await withConnections(backplane: backplane, httpOptions: options, managementKey: key, handler) {
                second async throws in
                let clients = [
                    try await WebSocketTestClient.connect(to: first.webSocketURL("/raw")),
                    try await WebSocketTestClient.connect(to: first.webSocketURL("/raw")),
                    try await WebSocketTestClient.connect(to: second.webSocketURL("/raw")),
                ]
                var ids: [String] = []
                for client in clients {
                    guard case .text(let id) = try await client.next() else { break }
                    ids.append(id)
                }
                try #require(ids.count == 3)
                let excluded = address.isEmpty ? "?excluded=\(ids[0])" : ""
                let response = try await testRequest(
                    "POST", first.url("/api/hubs/raw/\(address):closeConnections\(excluded)"),
                    headers: [("api-key", key)])
                #expect(response.status == 204)
                for client in clients[(excluded.isEmpty ? 0 : 1)...] {
                    #expect(try await client.next() == .close(.normalClosure))
                }
                guard !excluded.isEmpty else { return }
                try await clients[0].send("still here")
                #expect(try await clients[0].next() == .text("still here"))
                _ = try await clients[0].close()
            }
        }
    }

    @Test func aHandlerHearsThatItsClientHasGone() async throws {
        let (ended, end) = AsyncStream<Bool>.makeStream()
        try await withConnections({ connection in
            for await _ in connection.messages {}
            do {
                try await connection.send(.init(bytes: ByteBuffer()))
            } catch {
                end.yield(error is ClientConnection.Closed)
            }
        }) { node async throws in
            let client = try await WebSocketTestClient.connect(to: node.webSocketURL("/raw"))
            _ = try await client.close()
            #expect(await ended.first { _ in true } == true)
        }
    }

    @Test func aClientThatSaysMoreThanIsReadIsHeldUp() async throws {
        let (go, start) = AsyncStream<Void>.makeStream()
        let received = Atomic(0)
        try await withConnections({ connection in
            _ = await go.first { true }
            for await message in connection.messages {
                received.add(message.bytes.readableBytes, ordering: .relaxed)
                if message.bytes.readableBytes == 1 { return }
            }
        }) { node async throws in
            let client = try await WebSocketTestClient.connect(to: node.webSocketURL("/raw"))
            let isSent = Atomic(false)
            async let sending: Void = {
                for _ in 0..<64 { try await client.send(ByteBuffer(repeating: 1, count: 256 * 1024)) }
                isSent.store(true, ordering: .relaxed)
                try await client.send(ByteBuffer(repeating: 1, count: 1))
            }()
            try await Task.sleep(for: .milliseconds(100))
            let isHeldUp = !isSent.load(ordering: .relaxed)
            #expect(isHeldUp)
            start.yield()
            try await sending
            #expect(try await client.next() == .close(.normalClosure))
            #expect(received.load(ordering: .relaxed) == 64 * 256 * 1024 + 1)
        }
    }

    @Test func aClientThatReadsNothingIsCut() async throws {
        var options = HubOptions()
        options.transportSendTimeout = .milliseconds(100)
        let (ended, end) = AsyncStream<Bool>.makeStream()
        try await withConnections(
            hubOptions: options,
            { connection in
                do {
                    while true {
                        try await connection.send(.init(bytes: ByteBuffer(repeating: 1, count: 1024 * 1024)))
                    }
                } catch {
                    end.yield(error is ClientConnection.Closed)
                }
            }
        ) { node async throws in
            let client = try await WebSocketTestClient.connect(to: node.webSocketURL("/raw"))
            try await client.setReading(false)
            #expect(await ended.first { _ in true } == true)
            await client.disconnect()
        }
    }

    @Test func polledConnectionsEchoBytes() async throws {
        try await withConnections(Self.echo) { node async throws in
            let id = try #require(try await SignalRTestClient.negotiate(at: node.url("/raw")).id)
            let url = node.url("/raw?id=\(id)")
            #expect(try await testRequest("GET", url).body == "")
            #expect(try await testRequest("POST", url, body: "bytes").status == 200)
            #expect(try await testRequest("GET", url).body == "bytes")
            #expect(try await testRequest("DELETE", url).status == 202)
            #expect(try await testRequest("GET", url).status == 404)
        }
    }

    @Test func aPostThatComesWithTheFirstPollIsTaken() async throws {
        try await withConnections(Self.echo) { node async throws in
            for _ in 0..<50 {
                let id = try #require(try await SignalRTestClient.negotiate(at: node.url("/raw")).id)
                let url = node.url("/raw?id=\(id)")
                async let poll = testRequest("GET", url)
                async let post = testRequest("POST", url, body: "early")
                #expect(try await (poll.status, post.status) == (200, 200))
                #expect(try await testRequest("GET", url).body == "early")
            }
        }
    }
}
