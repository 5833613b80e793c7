import HubHummingbird
import HubServer
import HubTesting
import HubTransports
import Testing

/// Negotiations that are answered before the router is asked are answered as the router would.
@Suite(.timeLimit(.minutes(1))) struct NegotiateBeforeRouterTests {
    private static func options(_ isBeforeRouter: Bool) throws -> HTTPHubOptions {
        var options = HTTPHubOptions()
        options.negotiatesBeforeRouter = isBeforeRouter
        options.pollsBeforeRouter = isBeforeRouter
        options.sendsBeforeRouter = isBeforeRouter
        options.allowedOrigins = try .listed(["https://app.example"])
        return options
    }

    struct Case: Sendable {
        var method = "POST"
        var path: String
        var headers: [(String, String)] = []
        var body = ""
    }

    static let cases: [Case] = [
        Case(path: "/chat/negotiate"),
        Case(path: "/chat/negotiate?negotiateVersion=1"),
        Case(path: "/CHAT/Negotiate?NegotiateVersion=1&room=7"),
        Case(path: "/chat/negotiate?negotiateVersion=x"),
        Case(path: "/chat/negotiate?negotiateVersion=-1"),
        Case(path: "/chat/negotiate", headers: [("Content-Type", "application/json")], body: "{}"),
        Case(path: "/chat/negotiate", headers: [("Origin", "https://evil.example")]),
        Case(path: "/chat/negotiate", headers: [("Origin", "https://app.example")]),
        Case(path: "/chat/negotiate", headers: [("Connection", "close")]),
        Case(method: "GET", path: "/chat/negotiate"),
        Case(path: "/negotiate"),
        Case(path: "/other/negotiate"),
        Case(path: "/chat/negotiate/"),
        Case(method: "GET", path: "/chat"),
        Case(method: "GET", path: "/Chat?id=unknown"),
        Case(method: "GET", path: "/chat?id=unknown", headers: [("Connection", "close")]),
        Case(method: "GET", path: "/chat?id=unknown", headers: [("Origin", "https://evil.example")]),
        Case(method: "GET", path: "/chat?id=unknown", headers: [("Origin", "https://app.example")]),
        Case(method: "GET", path: "/chat?id=unknown", body: "a body"),
        Case(method: "GET", path: "/chat/other?id=unknown"),
    ]

    private struct Answer: Equatable {
        let status: Int
        let headers: [String?]
        let shape: String
    }

    @Test(arguments: cases) func isAnsweredAsTheRouterWould(asked: Case) async throws {
        var answers: [Answer] = []
        for isBeforeRouter in [false, true] {
            let answer = try await withNode(
                hubs: ["/chat": .forTests()], httpOptions: try Self.options(isBeforeRouter)
            ) { node async throws in
                // The first negotiation of a node has to wait for the cluster's secret.
                _ = try await testRequest("POST", node.url("/chat/negotiate"))
                let response = try await testRequest(
                    asked.method, node.url(asked.path), headers: asked.headers, body: asked.body)
                let names = ["content-type", "access-control-allow-origin", "access-control-allow-credentials"]
                let isToken = { (text: Substring) in text.count > 16 && !text.contains(" ") }
                let shape = response.body.split(separator: "\"").map { isToken($0) ? "ID" : String($0) }
                return Answer(
                    status: response.status, headers: names.map { response.header($0) },
                    shape: shape.joined(separator: "\""))
            }
            answers.append(answer)
        }
        #expect(answers[0] == answers[1])
    }

    @Test func anIdThatWasGivenConnects() async throws {
        try await withNode(hubs: ["/chat": .forTests()], httpOptions: try Self.options(true)) { node async throws in
            for _ in 0..<3 {
                let client = try await SignalRTestClient.connect(to: node.url("/chat"))
                #expect(try await client.invoke("Echo", "hello", returning: String.self) == "hello")
                try await client.close()
            }
        }
    }

    @Test func aConnectionGoesOnWithWhateverComesNext() async throws {
        try await withNode(hubs: ["/chat": .forTests()], httpOptions: try Self.options(true)) { node async throws in
            _ = try await testRequest("POST", node.url("/chat/negotiate"))
            let connection = try await RawConnection.connect(port: node.port)
            for _ in 0..<2 {
                try await connection.send(
                    request: "POST /chat/negotiate HTTP/1.1", headers: [("Content-Length", "0")])
                #expect(try await connection.readHead().hasPrefix("HTTP/1.1 200"))
            }
            try await connection.send(request: "GET /nowhere HTTP/1.1", headers: [])
            #expect(try await connection.readHead().hasPrefix("HTTP/1.1 404"))
            await connection.close()
        }
    }

    @Test(arguments: [0, 1, 3]) func aClientThatIsGoneLeavesNoConnection(negotiations: Int) async throws {
        try await withNode(hubs: ["/chat": .forTests()], httpOptions: try Self.options(true)) { node async throws in
            _ = try await testRequest("POST", node.url("/chat/negotiate"))
            let connection = try await RawConnection.connect(port: node.port)
            for _ in 0..<negotiations {
                try await connection.send(
                    request: "POST /chat/negotiate HTTP/1.1", headers: [("Content-Length", "0")])
                _ = try await connection.readHead()
            }
            try await connection.halfClose()
            await #expect(throws: (any Error).self, "the server closes its side, too") {
                _ = try await connection.read(1)
            }
        }
    }
}
