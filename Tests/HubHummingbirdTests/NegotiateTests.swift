import HubHummingbird
import HubServer
import HubTesting
import HubTransports
import Testing

@Suite(.timeLimit(.minutes(1))) struct NegotiateTests {
    @Test func version1GivesAnIDAndASecretToken() async throws {
        try await withNode(hubs: ["/chat": .forTests()]) { node async throws in
            let answer = try await SignalRTestClient.negotiate(at: node.url("/chat"))
            #expect(answer.negotiateVersion == 1)
            #expect(answer.connectionId?.count == 22)
            #expect(answer.connectionToken != nil)
            #expect(answer.connectionToken != answer.connectionId)
            #expect(answer.availableTransports?.map(\.transport) == ["WebSockets", "ServerSentEvents", "LongPolling"])
            #expect(answer.availableTransports?.first?.transferFormats == ["Text", "Binary"])
        }
    }

    @Test(arguments: [nil, "0"]) func version0GivesOneString(version: String?) async throws {
        try await withNode(hubs: ["/chat": .forTests()]) { node async throws in
            let answer = try await SignalRTestClient.negotiate(at: node.url("/chat"), version: version)
            #expect(answer.negotiateVersion == 0)
            #expect(answer.connectionToken == nil)
            let id = try #require(answer.connectionId)
            let webSocket = try await WebSocketTestClient.connect(to: node.webSocketURL("/chat?id=\(id)"))
            try await webSocket.close()
        }
    }

    @Test func versionsTooHighAreAnsweredWithTheHighest() async throws {
        try await withNode(hubs: ["/chat": .forTests()]) { node async throws in
            #expect(try await SignalRTestClient.negotiate(at: node.url("/chat"), version: "99").negotiateVersion == 1)
        }
    }

    @Test(arguments: ["x", "1.5", "-1"]) func whatIsNoVersionIsAnErrorInA200(version: String) async throws {
        try await withNode(hubs: ["/chat": .forTests()]) { node async throws in
            let answer = try await SignalRTestClient.negotiate(at: node.url("/chat"), version: version)
            #expect(answer.error != nil)
            #expect(answer.connectionId == nil)
        }
    }

    @Test func theAnswerIsJSONOfAKnownLength() async throws {
        try await withNode(hubs: ["/chat": .forTests()]) { node async throws in
            let response = try await testRequest(
                "POST", node.url("/chat/negotiate"), headers: [("Content-Type", "application/json")], body: "{}")
            #expect(response.status == 200)
            #expect(response.header("content-type") == "application/json")
            #expect(response.header("content-length") == "\(response.body.utf8.count)")
            #expect(!response.body.contains("ProtocolVersion"))
        }
    }

    @Test(arguments: ["GET", "PUT", "DELETE", "PATCH", "HEAD"]) func otherMethodsAre405(method: String) async throws {
        try await withNode(hubs: ["/chat": .forTests()]) { node async throws in
            let response = try await testRequest(method, node.url("/chat/negotiate"))
            #expect(response.status == 405)
            #expect(response.header("content-type") == "text/plain")
        }
    }

    @Test func pathsMatchWithoutRegardToCase() async throws {
        try await withNode(hubs: ["/testHub": .forTests()]) { node async throws in
            for path in ["/testHub", "/testhub", "/TESTHUB"] {
                let client = try await SignalRTestClient.connect(to: node.url(path))
                #expect(try await client.invoke("Echo", path, returning: String.self) == path)
                try await client.close()
            }
            #expect(try await testRequest("POST", node.url("/TestHub/Negotiate?NegotiateVersion=1")).status == 200)
        }
    }

    @Test func pagesOfOtherOriginsAreRefused() async throws {
        try await withNode(hubs: ["/chat": .forTests()]) { node async throws in
            let response = try await testRequest(
                "POST", node.url("/chat/negotiate"), headers: [("Origin", "https://evil.example")])
            #expect(response.status == 403)
            #expect(response.header("access-control-allow-origin") == nil)
            let own = [("Origin", node.url(""))]
            #expect(try await testRequest("POST", node.url("/chat/negotiate"), headers: own).status == 200)
        }
    }

    @Test func pagesOfAllowedOriginsPassTheirPreflight() async throws {
        var options = HTTPHubOptions()
        options.allowedOrigins = try .listed(["https://app.example"])
        try await withNode(hubs: ["/chat": .forTests()], httpOptions: options) { node async throws in
            let origin = [("Origin", "https://app.example")]
            for path in ["/chat", "/chat/negotiate"] {
                let preflight = try await testRequest("OPTIONS", node.url(path), headers: origin)
                #expect(preflight.status == 204)
                #expect(preflight.header("access-control-allow-origin") == "https://app.example")
                #expect(preflight.header("access-control-allow-headers")?.contains("x-requested-with") == true)
            }
            let answer = try await testRequest("POST", node.url("/chat/negotiate"), headers: origin)
            #expect(answer.status == 200)
            #expect(answer.header("access-control-allow-credentials") == "true")
            let refusal = try await testRequest("GET", node.url("/chat"), headers: origin)
            #expect(refusal.header("access-control-allow-origin") == "https://app.example", "errors need it too")
            #expect(try await SignalRTestClient.connect(to: node.url("/chat"), headers: origin).close().code == 1000)
        }
    }
}
