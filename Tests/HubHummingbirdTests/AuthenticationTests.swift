import HTTPTypes
import HubBackplane
import HubHummingbird
import HubServer
import HubTesting
import InMemoryLogging
import Logging
import Testing

@Suite(.timeLimit(.minutes(1))) struct AuthenticationTests {
    static func options(_ change: (inout HTTPHubOptions) throws -> Void = { _ in }) throws -> HTTPHubOptions {
        var options = HTTPHubOptions()
        let bearer = JWTBearerOptions(signingKeys: [.secret(TokenIssuer.secret)])
        options.authentication = try .jwtBearer(bearer, logger: Logger(label: "test"))
        options.allowedOrigins = try .listed(["https://app.example"])
        try change(&options)
        return options
    }

    /// A hub for those who are authenticated.
    static func members(_ policy: AuthorizationPolicy = .authenticatedUser) -> Hub {
        let hub = Hub.forTests()
        hub.on("Who") { context in context.userID ?? "-" }
        hub.on("Level") { context in context.user?.all("roles").joined(separator: "+") ?? "-" }
        hub.requireAuthorization(policy)
        return hub
    }

    func bearer(_ name: String = "ada", _ roles: [String] = []) async throws -> [(String, String)] {
        let token = try await TokenIssuer.hs256().token {
            $0.sub = name
            $0.roles = roles
        }
        return [("Authorization", "Bearer \(token)")]
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

    @Test(arguments: [false, true]) func everyRequestOfAClientIsAuthenticated(isBeforeRouter: Bool) async throws {
        let options = try Self.options { $0.negotiatesBeforeRouter = isBeforeRouter }
        try await withNode(hubs: ["/members": Self.members()], httpOptions: options) { node async throws in
            for headers in [[], [("Authorization", "Bearer nonsense")], [("Authorization", "Basic YTpi")]] {
                for (method, path) in [
                    ("POST", "/members/negotiate?negotiateVersion=1"), ("GET", "/members"), ("GET", "/members?id=x"),
                    ("POST", "/members?id=x"), ("DELETE", "/members?id=x"),
                ] {
                    let response = try await testRequest(
                        method, node.url(path), headers: headers + [("Origin", "https://app.example")])
                    #expect(response.status == 401)
                    #expect(response.body.isEmpty)
                    #expect(response.header("www-authenticate") == "Bearer")
                    #expect(response.header("access-control-allow-origin") == "https://app.example")
                }
                for path in ["/members", "/members?id=x", "/members?access_token=nonsense"] {
                    #expect(
                        try await refusal(of: node.webSocketURL(path), headers: headers) == .init(status: 401, body: "")
                    )
                }
            }
            let client = try await SignalRTestClient.connect(to: node.url("/members"), headers: bearer())
            #expect(try await client.invoke("Who", returning: String.self) == "ada")
            try await client.close()
        }
    }

    @Test func theReasonPhraseIsWhatClientsShow() async throws {
        try await withNode(hubs: ["/members": Self.members()], httpOptions: Self.options()) { node async throws in
            let connection = try await RawConnection.connect(port: node.port)
            try await connection.send(
                request: "POST /members/negotiate HTTP/1.1", headers: [("Content-Length", "0")])
            #expect(try await connection.readHead().hasPrefix("HTTP/1.1 401 Unauthorized\r\n"))
            await connection.close()
        }
    }

    @Test func theTokenMayBeInTheQuery() async throws {
        try await withNode(hubs: ["/members": Self.members()], httpOptions: Self.options()) { node async throws in
            let token = try await TokenIssuer.hs256().token()
            let url = node.url("/members?access_token=\(token)")
            let client = try await SignalRTestClient.connect(to: url)
            #expect(try await client.invoke("Who", returning: String.self) == "ada")
            try await client.close()
            // The header comes first, whatever the query says.
            let headers = [("Authorization", "Bearer nonsense")]
            #expect(try await testRequest("POST", "\(url)", headers: headers).status == 401)
        }
    }

    @Test func usersThatTheHubIsNotForAre403() async throws {
        let hubs = ["/admins": Self.members(.role("admin"))]
        try await withNode(hubs: hubs, httpOptions: Self.options()) { node async throws in
            let reader = try await bearer("ada", ["reader"])
            let response = try await testRequest("POST", node.url("/admins/negotiate"), headers: reader)
            #expect(response.status == 403)
            #expect(response.body.isEmpty)
            #expect(
                try await refusal(of: node.webSocketURL("/admins"), headers: reader) == .init(status: 403, body: ""))
            let client = try await SignalRTestClient.connect(to: node.url("/admins"), headers: bearer("eva", ["admin"]))
            #expect(try await client.invoke("Who", returning: String.self) == "eva")
            try await client.close()
        }
    }

    @Test(arguments: [false, true]) func aHubForAllTakesAnybody(isBeforeRouter: Bool) async throws {
        let hub = Hub.forTests()
        hub.on("Who") { context in context.userID ?? "-" }
        let options = try Self.options { $0.negotiatesBeforeRouter = isBeforeRouter }
        try await withNode(hubs: ["/chat": hub], httpOptions: options) { node async throws in
            for (headers, name) in [([], "-"), (try await bearer(), "ada"), ([("Authorization", "Bearer bad")], "-")] {
                let client = try await SignalRTestClient.connect(to: node.url("/chat"), headers: headers)
                #expect(try await client.invoke("Who", returning: String.self) == name)
                try await client.close()
            }
        }
    }

    @Test func aConnectionBelongsToTheUserThatNegotiatedIt() async throws {
        let hub = Hub.forTests()
        let hubs = ["/members": Self.members(), "/chat": hub]
        try await withNode(hubs: hubs, httpOptions: Self.options()) { node async throws in
            for path in ["/members", "/chat"] {
                let negotiation = try await SignalRTestClient.negotiate(at: node.url(path), headers: bearer("ada"))
                let id = try #require(negotiation.id)
                let url = node.webSocketURL("\(path)?id=\(id)")
                #expect(try await refusal(of: url, headers: bearer("eve"))?.status == 404)
                for method in ["GET", "POST", "DELETE"] {
                    let response = try await testRequest(method, node.url("\(path)?id=\(id)"), headers: bearer("eve"))
                    #expect(response.status == 404)
                    #expect(response.body == "No Connection with that ID")
                }
                #expect(try await refusal(of: url)?.status == (path == "/chat" ? 404 : 401))
                #expect(try await refusal(of: url, headers: bearer("ada")) == nil)
            }
        }
    }

    @Test func anExpiredTokenIsToldSoWhereTheHubIsForAll() async throws {
        try await withNode(hubs: ["/chat": .forTests()], httpOptions: Self.options()) { node async throws in
            let id = try #require(
                try await SignalRTestClient.negotiate(at: node.url("/chat"), headers: bearer("ada")).id)
            let url = node.url("/chat?id=\(id)")
            #expect(try await testRequest("GET", url, headers: bearer("ada")).status == 200)
            let expired = try await TokenIssuer.hs256().token { $0.exp -= 7200 }
            for token in [expired, "nonsense"] {
                let headers = [("Authorization", "Bearer \(token)"), ("Origin", "https://app.example")]
                for (method, accept) in [("GET", "*/*"), ("GET", "text/event-stream"), ("POST", ""), ("DELETE", "")] {
                    let response = try await testRequest(method, url, headers: headers + [("Accept", accept)])
                    #expect(response.status == 401)
                    #expect(response.body.isEmpty)
                    #expect(response.header("www-authenticate") == "Bearer")
                    #expect(response.header("access-control-allow-origin") == "https://app.example")
                }
                #expect(try await refusal(of: node.webSocketURL("/chat?id=\(id)"), headers: headers)?.status == 401)
            }
            // With a new token the client goes on.
            let handshake = "{\"protocol\":\"json\",\"version\":1}\u{1E}"
            #expect(try await testRequest("POST", url, headers: bearer("ada"), body: handshake).status == 200)
            #expect(try await testRequest("GET", url, headers: bearer("ada")).body == "{}\u{1E}")
            #expect(try await testRequest("DELETE", url, headers: bearer("ada")).status == 202)
        }
    }

    @Test(arguments: [nil, "Bearer nonsense"]) func nobodysConnectionNeedsNoToken(shown: String?) async throws {
        try await withNode(hubs: ["/chat": .forTests()], httpOptions: Self.options()) { node async throws in
            let headers = shown.map { [("Authorization", $0)] } ?? []
            let id = try #require(
                try await SignalRTestClient.negotiate(at: node.url("/chat"), headers: headers).id)
            let url = node.url("/chat?id=\(id)")
            #expect(try await testRequest("GET", url, headers: headers).status == 200)
            #expect(try await testRequest("POST", url, headers: headers, body: "{}\u{1E}").status == 200)
            #expect(try await testRequest("DELETE", url, headers: headers).status == 202)
        }
    }

    @Test func aUsersConnectionsAreSentToByItsName() async throws {
        let hub = Self.members()
        let options = try Self.options { $0.userIDProvider = { $0.first("sub").map { "user:\($0)" } } }
        try await withNode(hubs: ["/members": hub], httpOptions: options) { node async throws in
            let ada = try await SignalRTestClient.connect(to: node.url("/members"), headers: bearer("ada"))
            let eve = try await SignalRTestClient.connect(to: node.url("/members"), headers: bearer("eve"))
            #expect(try await ada.invoke("Who", returning: String.self) == "user:ada")
            #expect(try await eve.invoke("Who", returning: String.self) == "user:eve")
            try await hub.clients.user("user:ada").send("note", "for ada")
            try await hub.clients.user("user:eve").send("note", "for eve")
            #expect(try await ada.next("note").argument(0, as: String.self) == "for ada")
            #expect(try await eve.next("note").argument(0, as: String.self) == "for eve")
            try await ada.close()
            try await eve.close()
        }
    }

    @Test func applicationsAuthenticateInTheirOwnWayToo() async throws {
        let options = try Self.options {
            $0.authentication = .custom { request in
                request.headerFields[.cookie].map { ClaimsPrincipal(claims: [("sub", $0)]) }
            }
        }
        try await withNode(hubs: ["/members": Self.members()], httpOptions: options) { node async throws in
            #expect(try await testRequest("POST", node.url("/members/negotiate")).status == 401)
            let client = try await SignalRTestClient.connect(to: node.url("/members"), headers: [("Cookie", "ada")])
            #expect(try await client.invoke("Who", returning: String.self) == "ada")
            try await client.close()
        }
    }

    @Test(arguments: [false, true]) func theyMayLookAtAnyHeader(isBeforeRouter: Bool) async throws {
        let hub = Hub.forTests()
        hub.on("Who") { context in context.userID ?? "-" }
        let options = try Self.options {
            $0.negotiatesBeforeRouter = isBeforeRouter
            $0.authentication = .custom { request in
                request.headerFields[HTTPField.Name("X-User")!].map { ClaimsPrincipal(claims: [("sub", $0)]) }
            }
        }
        try await withNode(hubs: ["/chat": hub], httpOptions: options) { node async throws in
            for _ in 0..<2 {
                let client = try await SignalRTestClient.connect(to: node.url("/chat"), headers: [("X-User", "ada")])
                #expect(try await client.invoke("Who", returning: String.self) == "ada")
                try await client.close()
            }
        }
    }

    @Test func aConnectionEndsWithItsTokenWhereItIsAskedTo() async throws {
        let options = try Self.options { $0.closesOnAuthenticationExpiration = true }
        var hubOptions = HubOptions()
        hubOptions.keepAliveInterval = .milliseconds(50)
        try await withNode(hubs: ["/members": Self.members()], hubOptions: hubOptions, httpOptions: options) {
            node async throws in
            let token = try await TokenIssuer.hs256().token { $0.exp -= 3599 }
            let client = try await SignalRTestClient.connect(
                to: node.url("/members"), headers: [("Authorization", "Bearer \(token)")])
            #expect(try await client.ended() == .init(error: nil, allowReconnect: true, code: 1000))
        }
    }

    @Test func tokensAreNotLogged() async throws {
        let log = InMemoryLogHandler()
        var logger = Logger(label: "test") { _ in log }
        logger.logLevel = .trace
        let options = try Self.options { $0.enablesAuthenticationRefresh = true }
        let secrets = try await withNode(
            hubs: ["/members": Self.members()], httpOptions: options, logger: logger
        ) { node async throws in
            let token = try await TokenIssuer.hs256().token()
            let url = node.url("/members?access_token=\(token)")
            let id = try #require(try await SignalRTestClient.negotiate(at: url).id)
            let client = try await SignalRTestClient.connect(to: "\(url)&id=\(id)", skipsNegotiation: true)
            _ = try await testRequest("POST", node.url("/members/refresh?id=\(id)&access_token=\(token)"))
            _ = try await testRequest("POST", node.url("/members?id=\(id)&access_token=\(token)"))
            _ = try await refusal(of: node.webSocketURL("/members?id=\(id)&access_token=\(token)"))
            _ = try await refusal(of: node.webSocketURL("/members?id=\(id)&access_token=\(token)x"))
            try await client.sendMessage("{\"type\":\"broken\"}")
            _ = try await client.ended()
            return [token, id]
        }
        #expect(!log.entries.isEmpty)
        for entry in log.entries {
            let text = "\(entry.message) \(entry.metadata)"
            for secret in secrets { #expect(!text.contains(secret)) }
        }
    }
}
