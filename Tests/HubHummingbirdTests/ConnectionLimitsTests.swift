import CoreMetrics
import HubHummingbird
import HubServer
import HubTesting
import HubTransports
import Hummingbird
import MetricsTestKit
import Testing

@Suite(.timeLimit(.minutes(1))) struct ConnectionLimitsTests {
    private func options(_ change: (inout ConnectionLimits) -> Void) throws -> HTTPHubOptions {
        var options = HTTPHubOptions()
        options.trustedProxies = try TrustedProxies(["127.0.0.1"])
        options.allowedOrigins = try .listed(["https://app.example"])
        change(&options.limits)
        return options
    }

    private func from(_ address: String) -> [(String, String)] {
        [("X-Forwarded-For", "198.51.100.1, \(address)"), ("Origin", "https://app.example")]
    }

    @Test(arguments: [false, true]) func tooManyNegotiationsAreRefused(isBeforeRouter: Bool) async throws {
        var options = try options { $0.negotiateRatePerAddress = .init(perSecond: 0.01, burst: 2) }
        options.negotiatesBeforeRouter = isBeforeRouter
        try await withNode(hubs: ["/chat": .forTests()], httpOptions: options) { node async throws in
            func negotiate(_ address: String) async throws -> TestHTTPResponse {
                try await testRequest("POST", node.url("/chat/negotiate"), headers: from(address))
            }
            // The first negotiation of a node is asked for twice, before the router and behind it, and is one.
            for _ in 0..<2 { #expect(try await negotiate("192.0.2.1").status == 200) }
            let refused = try await negotiate("192.0.2.1")
            #expect(refused.status == 429)
            #expect(refused.header("retry-after").flatMap { Int($0) } ?? 0 > 50)
            #expect(refused.header("access-control-allow-origin") == "https://app.example")
            #expect(try await negotiate("192.0.2.2").status == 200)
        }
    }

    @Test func aFullNodeTakesNobodyUntilSomebodyLeaves() async throws {
        let options = try options { $0.maximumConnections = 2 }
        try await withNode(hubs: ["/chat": .forTests(), "/other": .forTests()], httpOptions: options) {
            node async throws in
            let first = try await SignalRTestClient.connect(to: node.url("/chat"))
            let second = try await WebSocketTestClient.connect(to: node.webSocketURL("/other"))
            let id = try #require(try await SignalRTestClient.negotiate(at: node.url("/chat")).id)
            let refusal = await #expect(throws: WebSocketTestClient.UpgradeRefused.self) {
                try await WebSocketTestClient.connect(to: node.webSocketURL("/chat?id=\(id)"))
            }
            #expect(refusal?.status == 503)
            // Who has no right to a place takes none.
            for _ in 0..<3 {
                _ = try? await WebSocketTestClient.connect(to: node.webSocketURL("/chat?id=unknown"))
            }
            try await second.close()
            var third: WebSocketTestClient?
            while third == nil {
                third = try? await WebSocketTestClient.connect(to: node.webSocketURL("/chat?id=\(id)"))
            }
            try await third?.close()
            try await first.close()
        }
    }

    @Test func anAddressHasSoManyConnections() async throws {
        let options = try options { $0.maximumConnectionsPerAddress = 1 }
        try await withNode(hubs: ["/chat": .forTests()], httpOptions: options) { node async throws in
            let url = node.webSocketURL("/chat")
            let first = try await WebSocketTestClient.connect(to: url, headers: from("192.0.2.1"))
            let refusal = await #expect(throws: WebSocketTestClient.UpgradeRefused.self) {
                try await WebSocketTestClient.connect(to: url, headers: from("192.0.2.1"))
            }
            #expect(refusal?.status == 429)
            try await WebSocketTestClient.connect(to: url, headers: from("192.0.2.2")).close()
            try await first.close()
        }
    }

    @Test func pollsAndStreamsTakePlacesToo() async throws {
        var options = try options { $0.maximumConnections = 1 }
        options.connectTimeout = .seconds(60)
        var hubOptions = HubOptions()
        hubOptions.disconnectTimeout = .seconds(2)
        try await withNode(hubs: ["/chat": .forTests()], hubOptions: hubOptions, httpOptions: options) {
            node async throws in
            let ids = try await [
                SignalRTestClient.negotiate(at: node.url("/chat")).id,
                SignalRTestClient.negotiate(at: node.url("/chat")).id,
            ].compactMap(\.self)
            #expect(try await testRequest("GET", node.url("/chat?id=\(ids[0])")).status == 200)
            let refused = try await testRequest("GET", node.url("/chat?id=\(ids[1])"))
            #expect(refused.status == 503)
            #expect(refused.header("retry-after") == "10")
            // It polls no more, and is gone after a while.
            while try await testRequest("GET", node.url("/chat?id=\(ids[1])")).status == 503 {
                try await Task.sleep(for: .milliseconds(10))
            }
        }
    }

    @Test func refusalsAreInTheMetricsByTheirReasons() async throws {
        let metrics = TestMetrics()
        func counted(_ reason: String) throws -> Int64 {
            try metrics.expectCounter("hubbub_refusals_total", [("reason", reason)]).totalValue
        }
        var options = try options {
            $0.maximumConnections = 1
            $0.negotiateRatePerAddress = .init(perSecond: 0.01, burst: 2)
        }
        options.authentication = try .jwtBearer(JWTBearerOptions(keySetURL: "http://127.0.0.1:1/keys"), logger: .silent)
        try await withMetricsFactory(metrics) {
            try await withNode(hubs: ["/chat": .forTests()], httpOptions: options) { node async throws in
                let url = node.url("/chat/negotiate")
                for _ in 0..<5 { _ = try await testRequest("POST", url, headers: from("192.0.2.1")) }
                let first = try await WebSocketTestClient.connect(to: node.webSocketURL("/chat"))
                for _ in 0..<2 { _ = try? await WebSocketTestClient.connect(to: node.webSocketURL("/chat")) }
                try await first.close()
                let token = [("Authorization", "Bearer \(try await TokenIssuer.es256(kid: "1").token())")]
                #expect(try await testRequest("POST", url, headers: from("192.0.2.2") + token).status == 503)
                // What is a client's own mistake is no refusal.
                #expect(try await testRequest("POST", node.url("/chat?id=x")).status == 404)
                #expect(try await testRequest("PUT", node.url("/chat")).status == 405)
            }
        }
        #expect(try counted("negotiate_rate_per_address") == 3)
        #expect(try counted("connections") == 2)
        #expect(try counted("authentication_unavailable") == 1)
        let total = try RefusalReason.allCases.reduce(0) { try $0 + counted($1.rawValue) }
        #expect(total == 6)
        let counters = metrics.counters.filter { $0.label == "hubbub_refusals_total" }
        #expect(counters.count == RefusalReason.allCases.count, "each counter is made once")
    }

    @Test func sendsThatAreTooManyAreCounted() async throws {
        let metrics = TestMetrics()
        let (go, start) = AsyncStream<Void>.makeStream()
        var hubOptions = HubOptions()
        hubOptions.applicationMaxBufferSize = 1
        var httpOptions = HTTPHubOptions()
        httpOptions.postTimeout = .seconds(1)
        try await withMetricsFactory(metrics) {
            try await withConnections(
                hubOptions: hubOptions, httpOptions: httpOptions,
                { connection in
                    _ = await go.first { true }
                    for await _ in connection.messages {}
                }
            ) { node async throws in
                let id = try #require(try await SignalRTestClient.negotiate(at: node.url("/raw")).id)
                let url = node.url("/raw?id=\(id)")
                #expect(try await testRequest("GET", url).status == 200)
                let counter = try metrics.expectCounter("hubbub_refusals_total", [("reason", "too_many_sends")])
                #expect(try await testRequest("POST", url, body: "first").status == 200)
                #expect(try await testRequest("POST", url, body: "more").status == 429)
                #expect(counter.totalValue == 1)
                start.yield()
                #expect(try await testRequest("POST", url, body: "more").status == 200)
                #expect(try await testRequest("DELETE", url).status == 202)
            }
        }
    }

    @Test func aHubKnowsWhereItsClientIs() async throws {
        let hub = Hub()
        hub.on("Where") { context in context.request.remoteAddress ?? "-" }
        try await withNode(hubs: ["/chat": hub], httpOptions: options { _ in }) { node async throws in
            for (headers, address) in [(from("192.0.2.1"), "192.0.2.1"), ([], "127.0.0.1")] {
                let client = try await SignalRTestClient.connect(to: node.url("/chat"), headers: headers)
                #expect(try await client.invoke("Where", returning: String.self) == address)
                try await client.close()
            }
        }
    }

    @Test func theVersionOfNegotiationMayHaveAMinimum() async throws {
        var options = HTTPHubOptions()
        options.minimumProtocolVersion = 1
        try await withNode(hubs: ["/chat": .forTests()], httpOptions: options) { node async throws in
            #expect(try await SignalRTestClient.negotiate(at: node.url("/chat"), version: nil).error != nil)
            #expect(try await SignalRTestClient.negotiate(at: node.url("/chat"), version: "1").error == nil)
        }
    }

    @Test func aSubProtocolIsChosenAmongThoseOffered() async throws {
        var options = HTTPHubOptions()
        options.webSocketSubProtocolSelector = { $0.first { $0.hasPrefix("chat") } }
        try await withNode(hubs: ["/chat": .forTests()], httpOptions: options) { node async throws in
            for (offered, chosen) in [("soap, chat.v2", "chat.v2"), ("soap", nil), (nil, nil)] {
                let connection = try await RawConnection.connect(port: node.port)
                try await connection.send(
                    request: "GET /chat HTTP/1.1",
                    headers: [
                        ("Upgrade", "websocket"), ("Connection", "Upgrade"), ("Sec-WebSocket-Version", "13"),
                        ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
                    ] + (offered.map { [("Sec-WebSocket-Protocol", $0)] } ?? []))
                let answer = try await connection.readHead()
                #expect(answer.hasPrefix("HTTP/1.1 101"))
                #expect(answer.contains("Sec-WebSocket-Protocol") == (chosen != nil))
                if let chosen { #expect(answer.contains("\r\nSec-WebSocket-Protocol: \(chosen)\r\n")) }
                await connection.close()
            }
        }
    }
}
