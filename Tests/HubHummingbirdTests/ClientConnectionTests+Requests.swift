import HubBackplane
import HubHummingbird
import HubProtocol
import HubServer
import HubTesting
import NIOCore
import NIOWebSocket
import Testing

/// Requests for connections without a hub are answered, and authenticated, as those for a hub's are.
extension ClientConnectionTests {
    private func upgradeRefusal(_ url: String, headers: [(String, String)] = []) async throws -> Int? {
        do {
            try await WebSocketTestClient.connect(to: url.replacing("http:", with: "ws:"), headers: headers).close()
            return nil
        } catch let refusal as WebSocketTestClient.UpgradeRefused {
            return refusal.status
        }
    }

    @Test func aWebSocketAnswersForItsConnectionAtAnyNode() async throws {
        let backplane = InMemoryBackplane()
        try await withConnections(backplane: backplane, Self.echo) { home async throws in
            try await withConnections(backplane: backplane, Self.echo) { other async throws in
                let id = try #require(try await SignalRTestClient.negotiate(at: home.url("/raw")).id)
                let client = try await WebSocketTestClient.connect(to: home.webSocketURL("/raw?id=\(id)"))
                let urls = [home, other].map { $0.url("/raw?id=\(id)") }
                for url in urls {
                    #expect(try await testRequest("POST", url).status == 405)
                    #expect(try await testRequest("DELETE", url).status == 400)
                    #expect(try await testRequest("GET", url).body == "Cannot change transports mid-connection")
                    let events = [("Accept", "text/event-stream")]
                    #expect(try await testRequest("GET", url, headers: events).status == 400)
                    #expect(try await upgradeRefusal(url) == 409)
                }
                try await client.send("still here")
                #expect(try await client.next() == .text("still here"))
                try await client.close()
                while try await testRequest("POST", urls[0]).status == 405 {
                    try await Task.sleep(for: .milliseconds(5))
                }
                for url in urls { #expect(try await testRequest("POST", url).body == "No Connection with that ID") }
            }
        }
    }

    private func bearer(
        _ roles: String..., expiresIn seconds: Double = 3600
    ) async throws -> [(String, String)] {
        let token = try await TokenIssuer.hs256().token {
            $0.roles = roles
            $0.exp += seconds - 3600
        }
        return [("Authorization", "Bearer \(token)")]
    }

    @Test func theyMayBeForSomeClientsOnly() async throws {
        try await withConnections(
            httpOptions: AuthenticationTests.options(), authorization: .role("reader"), Self.echo
        ) { node async throws in
            let url = node.url("/raw")
            for (headers, status) in [([], 401), (try await bearer("writer"), 403)] {
                #expect(try await testRequest("POST", "\(url)/negotiate", headers: headers).status == status)
                #expect(try await testRequest("GET", url, headers: headers).status == status)
                #expect(try await upgradeRefusal(url, headers: headers) == status)
            }
            #expect(try await upgradeRefusal(url, headers: bearer("reader")) == nil)
        }
    }

    /// Says what the client is whenever it says something.
    private static let roles: ClientConnectionHandler = { connection in
        for await _ in connection.messages {
            let text = "\(connection.userID ?? "-") \(connection.user?.all("roles").joined(separator: "+") ?? "-")"
            try await connection.send(.init(bytes: ByteBuffer(string: text), isText: true))
        }
    }

    @Test(arguments: [HubTransportType.webSockets, .longPolling])
    func aNewerTokenReachesThemAtAnyNode(transport: HubTransportType) async throws {
        let backplane = InMemoryBackplane()
        let options = try AuthenticationTests.options {
            $0.enablesAuthenticationRefresh = true
            $0.onAuthenticationRefresh = { _, after in !after.isInRole("admin") }
        }
        try await withConnections(backplane: backplane, httpOptions: options, Self.roles) { home async throws in
            try await withConnections(backplane: backplane, httpOptions: options, Self.roles) { other async throws in
                let id = try #require(
                    try await SignalRTestClient.negotiate(at: home.url("/raw"), headers: bearer("reader")).id)
                let url = home.url("/raw?id=\(id)")
                func refresh(_ role: String) async throws -> Int {
                    try await testRequest("POST", other.url("/raw/refresh?id=\(id)"), headers: bearer(role)).status
                }
                if transport == .webSockets {
                    let client = try await WebSocketTestClient.connect(
                        to: url.replacing("http:", with: "ws:"), headers: bearer("reader"))
                    try await client.send("?")
                    #expect(try await client.next() == .text("ada reader"))
                    #expect(try await refresh("admin") == 403)
                    #expect(try await refresh("writer") == 200)
                    try await client.send("?")
                    #expect(try await client.next() == .text("ada writer"))
                    try await client.close()
                } else {
                    #expect(try await testRequest("GET", url, headers: bearer("reader")).status == 200)
                    #expect(try await refresh("writer") == 200)
                    #expect(try await testRequest("POST", url, headers: bearer("reader"), body: "?").status == 200)
                    // Each poll shows a token, too.
                    #expect(try await testRequest("GET", url, headers: bearer("poller")).body == "ada writer")
                    #expect(try await testRequest("POST", url, headers: bearer("reader"), body: "?").status == 200)
                    #expect(try await testRequest("GET", url, headers: bearer("poller")).body == "ada poller")
                    #expect(try await testRequest("DELETE", url, headers: bearer("reader")).status == 202)
                }
            }
        }
    }

    @Test func theyEndWithTheirTokensWhereTheyAreAskedTo() async throws {
        let options = try AuthenticationTests.options {
            $0.closesOnAuthenticationExpiration = true
            $0.enablesAuthenticationRefresh = true
        }
        try await withConnections(httpOptions: options, Self.echo) { node async throws in
            let id = try #require(try await SignalRTestClient.negotiate(at: node.url("/raw"), headers: bearer()).id)
            let refreshed = try await WebSocketTestClient.connect(
                to: node.webSocketURL("/raw?id=\(id)"), headers: bearer(expiresIn: 2))
            let answer = try await testRequest("POST", node.url("/raw/refresh?id=\(id)"), headers: bearer())
            #expect(answer.status == 200)
            let client = try await WebSocketTestClient.connect(
                to: node.webSocketURL("/raw"), headers: bearer(expiresIn: 2))
            #expect(try await client.next() == .close(.normalClosure))
            try await refreshed.send("still here")
            #expect(try await refreshed.next() == .text("still here"))
            try await refreshed.close()
        }
    }

    @Test func aMessageMayBeSoLong() async throws {
        try await withConnections(maximumMessageSize: 1000, Self.echo) { node async throws in
            let client = try await WebSocketTestClient.connect(to: node.webSocketURL("/raw"))
            try await client.send(ByteBuffer(repeating: 1, count: 1000))
            #expect(try await client.next() == .binary(ByteBuffer(repeating: 1, count: 1000)))
            try await client.send(ByteBuffer(repeating: 1, count: 1001))
            #expect(try await client.next() == .close(.messageTooLarge))
            // Also where it is no single frame that is too long.
            let other = try await WebSocketTestClient.connect(to: node.webSocketURL("/raw"))
            let piece = ByteBuffer(repeating: 1, count: 600)
            try await other.send(WebSocketFrame(fin: false, opcode: .binary, maskKey: .random(), data: piece))
            try await other.send(WebSocketFrame(fin: true, opcode: .continuation, maskKey: .random(), data: piece))
            #expect(try await other.next() == .close(.messageTooLarge))
        }
    }

    @Test func aBackendFindsAndClosesThem() async throws {
        let (backplane, key) = (InMemoryBackplane(), "a key of the tests that is long enough")
        try await withConnections(backplane: backplane, Self.echo) { home async throws in
            try await withConnections(backplane: backplane, managementKey: key, Self.echo) { other async throws in
                let negotiation = try await SignalRTestClient.negotiate(at: home.url("/raw"))
                let client = try await WebSocketTestClient.connect(
                    to: home.webSocketURL("/raw?id=\(try #require(negotiation.id))"))
                let url = other.url("/api/hubs/raw/connections/\(try #require(negotiation.connectionId))")
                #expect(try await testRequest("GET", url, headers: [("api-key", key)]).status == 200)
                #expect(try await testRequest("DELETE", url, headers: [("api-key", key)]).status == 200)
                #expect(try await client.next() == .close(.normalClosure))
            }
        }
    }
}
