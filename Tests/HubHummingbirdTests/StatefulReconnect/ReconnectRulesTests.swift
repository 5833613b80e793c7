import HubHummingbird
import HubProtocol
import HubServer
import HubTesting
import ServiceLifecycle
import Testing

/// Who may go on with which connection, and what ends it.
@Suite(.timeLimit(.minutes(1))) struct ReconnectRulesTests {
    private func refusal(_ url: String, headers: [(String, String)] = []) async throws -> WebSocketTestClient
        .UpgradeRefused?
    {
        do {
            try await WebSocketTestClient.connect(to: url, headers: headers).disconnect()
            return nil
        } catch let refusal as WebSocketTestClient.UpgradeRefused {
            return refusal
        }
    }

    private let unknown = WebSocketTestClient.UpgradeRefused(status: 404, body: "No Connection with that ID")

    private func agrees(_ node: TestNode, _ query: String) async throws -> Bool {
        try await testRequest("POST", node.url("/chat/negotiate?\(query)")).body
            .contains("\"useStatefulReconnect\":true")
    }

    @Test func isAgreedOnWhereTheClientAsksAndMay() async throws {
        try await ReconnectCluster.with { cluster async throws in
            let node = cluster.nodes[0]
            #expect(try await agrees(node, "negotiateVersion=1&useStatefulReconnect=true"))
            #expect(try await agrees(node, "negotiateVersion=1&UseStatefulReconnect=True"))
            #expect(try await !agrees(node, "negotiateVersion=1"))
            #expect(try await !agrees(node, "negotiateVersion=1&useStatefulReconnect=false"))
            // The id of version 0 is not a secret.
            #expect(try await !agrees(node, "useStatefulReconnect=true"))
        }
        for change in [{ $0.allowsStatefulReconnects = false }, { $0.transports = [.longPolling] }]
            as [@Sendable (inout HTTPHubOptions) -> Void]
        {
            try await ReconnectCluster.with(httpOptions: change) { cluster async throws in
                #expect(try await !agrees(cluster.nodes[0], "negotiateVersion=1&useStatefulReconnect=true"))
            }
        }
    }

    @Test func aConnectionWithoutItIsTakenAtAnyNode() async throws {
        try await ReconnectCluster.with { cluster async throws in
            let id = try #require(try await SignalRTestClient.negotiate(at: cluster.urls[0]).id)
            let client = try await SignalRTestClient.connect(to: "\(cluster.urls[0])?id=\(id)", skipsNegotiation: true)
            for url in cluster.urls { #expect(try await refusal("\(url)?id=\(id)")?.status == 409) }
            #expect(try await client.invoke("Echo", "still here", returning: String.self) == "still here")
            try await client.close()
            for url in cluster.urls {
                while try await refusal("\(url)?id=\(id)")?.status == 409 {
                    try await Task.sleep(for: .milliseconds(5))
                }
                #expect(try await refusal("\(url)?id=\(id)") == unknown)
            }
        }
    }

    @Test func nobodyElseGoesOnWithIt() async throws {
        try await ReconnectCluster.with { cluster async throws in
            let client = try await StatefulTestClient.connect(to: cluster.urls, headers: [("Cookie", "ada")])
            _ = try await client.invoke("Number", .integer(1))
            for url in client.urls {
                #expect(try await refusal(url, headers: [("Cookie", "eve")]) == unknown)
                #expect(try await refusal(url) == unknown)
                #expect(try await testRequest("POST", url, headers: [("Cookie", "ada")]).status == 405)
            }
            await client.cut()
            #expect(try await client.invoke("MyID")?.decode(as: String.self) == client.connectionID)
            await client.close()
            for url in client.urls {
                while try await refusal(url, headers: [("Cookie", "ada")]) == nil {
                    try await Task.sleep(for: .milliseconds(5))
                }
                #expect(try await refusal(url, headers: [("Cookie", "ada")]) == unknown)
            }
        }
    }

    @Test(arguments: [0, 1]) func whatEndsTheConnectionEndsItOnAnySocket(cuts: Int) async throws {
        try await ReconnectCluster.with { cluster async throws in
            let client = try await StatefulTestClient.connect(to: cluster.urls)
            for _ in 0..<cuts {
                await client.cut()
                _ = try await client.invoke("Number", .integer(1))
            }
            client.send(.invocation(InvocationMessage(target: "Abort")))
            let message = try await client.inbox.take(within: .seconds(10)) { message in
                if case .close = message { true } else { false }
            }
            #expect(message == .close(CloseMessage(error: nil, allowReconnect: false)))
            // The client tries to go on, as JavaScript's does whatever it was told, and is refused.
            await #expect(throws: HubTestError.closed) {
                _ = try await client.inbox.take(within: .seconds(10)) { _ in false }
            }
            #expect(client.error as? WebSocketTestClient.UpgradeRefused == unknown)
        }
    }

    @Test func aNewerTokenReachesAConnectionWhereverItsSocketIs() async throws {
        try await ReconnectCluster.with(httpOptions: { $0.enablesAuthenticationRefresh = true }) {
            cluster async throws in
            let client = try await StatefulTestClient.connect(to: cluster.urls, headers: [("Cookie", "ada")])
            await client.cut()
            _ = try await client.invoke("Number", .integer(1))
            for url in client.urls {
                let refreshed = try await testRequest(
                    "POST", url.replacing("/chat?", with: "/chat/refresh?"), headers: [("Cookie", "ada")])
                #expect(refreshed.status == 200)
            }
            await client.close()
        }
    }

    @Test func aConnectionHasItsPlaceAtHomeAndItsSocketOneWhereItIs() async throws {
        try await ReconnectCluster.with(httpOptions: { $0.limits.maximumConnections = 1 }) { cluster async throws in
            let (home, other) = (cluster.urls[0], cluster.urls[1])
            let client = try await StatefulTestClient.connect(to: [home, home, other, home])
            await client.cut()
            _ = try await client.invoke("Number", .integer(1))
            await client.cut()
            _ = try await client.invoke("Number", .integer(2))
            #expect(client.sockets == 3)
            for url in [home, other] { #expect(try await refusal(url)?.status == 503) }
            await client.cut()
            _ = try await client.invoke("Number", .integer(3))
            while try await refusal(other) != nil { try await Task.sleep(for: .milliseconds(5)) }
            #expect(try await refusal(home)?.status == 503)
            await client.close()
            while try await refusal(home) != nil { try await Task.sleep(for: .milliseconds(5)) }
        }
    }

    @Test func aNodeThatStopsSendsTheSocketsOfOthersToThem() async throws {
        try await ReconnectCluster.with { cluster async throws in
            let client = try await StatefulTestClient.connect(to: cluster.urls)
            await client.cut()
            _ = try await client.invoke("Number", .integer(1))
            await cluster.nodes[1].group.triggerGracefulShutdown()
            while client.sockets < 3 { try await Task.sleep(for: .milliseconds(5)) }
            #expect(try await client.invoke("MyID")?.decode(as: String.self) == client.connectionID)
            await client.close()
        }
    }

    @Test(arguments: [0, 1]) func aHomeThatStopsLetsItsClientsBeginAnew(cuts: Int) async throws {
        try await ReconnectCluster.with { cluster async throws in
            let client = try await StatefulTestClient.connect(to: [cluster.urls[0], cluster.urls[1], cluster.urls[1]])
            for _ in 0..<cuts {
                await client.cut()
                _ = try await client.invoke("Number", .integer(1))
            }
            await cluster.nodes[0].group.triggerGracefulShutdown()
            let message = try await client.inbox.take(within: .seconds(10)) { message in
                if case .close = message { true } else { false }
            }
            #expect(message == .close(CloseMessage(error: nil, allowReconnect: true)))
            await #expect(throws: HubTestError.closed) {
                _ = try await client.inbox.take(within: .seconds(10)) { _ in false }
            }
            #expect(client.error as? WebSocketTestClient.UpgradeRefused == unknown)
        }
    }
}
