import HTTPTypes
import HubBackplane
import HubHummingbird
import HubServer
import HubTesting
import Logging
import Testing

/// A newer token without a new connection.
extension AuthenticationTests {
    private func refresh(
        _ node: TestNode, id: String?, headers: [(String, String)], path: String = "/members"
    ) async throws -> (status: Int, body: String) {
        let query = id.map { "?id=\($0)" } ?? ""
        let response = try await testRequest("POST", node.url("\(path)/refresh\(query)"), headers: headers)
        #expect(response.header("content-type") == "application/json")
        return (response.status, response.body)
    }

    @Test func aConnectedClientMayShowANewerToken() async throws {
        let options = try Self.options {
            $0.enablesAuthenticationRefresh = true
            $0.onAuthenticationRefresh = { before, after in
                before?.isInRole("reader") == true && !after.isInRole("admin")
            }
        }
        try await withNode(hubs: ["/members": Self.members()], httpOptions: options) { node async throws in
            let negotiate = try await testRequest(
                "POST", node.url("/members/negotiate?negotiateVersion=1"), headers: bearer("ada", ["reader"]))
            #expect(negotiate.body.contains("\"tokenLifetimeSeconds\":35"))
            let negotiation = try await SignalRTestClient.negotiate(
                at: node.url("/members"), headers: bearer("ada", ["reader"]))
            let id = try #require(negotiation.id)
            #expect(try await refresh(node, id: id, headers: bearer()) == (404, #"{"error":"connection_not_found"}"#))
            let client = try await SignalRTestClient.connect(
                to: node.url("/members?id=\(id)"), skipsNegotiation: true, headers: bearer("ada", ["reader"]))
            #expect(try await client.invoke("Level", returning: String.self) == "reader")

            let answer = try await refresh(node, id: id, headers: bearer("ada", ["reader", "writer"]))
            #expect(answer.status == 200)
            #expect(answer.body.hasPrefix(#"{"tokenLifetimeSeconds":35"#))
            #expect(try await client.invoke("Level", returning: String.self) == "reader+writer")

            for (headers, token, status, error) in [
                (try await bearer("ada", ["admin"]), id, 403, "permission_change_rejected"),
                (try await bearer("eve"), id, 404, "connection_not_found"),
                (try await bearer("ada"), "unknown", 404, "connection_not_found"),
                (try await bearer("ada"), nil, 400, "missing_connection_token"),
                ([], id, 401, "invalid_token"), ([("Authorization", "Bearer bad")], id, 401, "invalid_token"),
            ] as [([(String, String)], String?, Int, String)] {
                #expect(try await refresh(node, id: token, headers: headers) == (status, "{\"error\":\"\(error)\"}"))
            }
            #expect(try await client.invoke("Level", returning: String.self) == "reader+writer")
            try await client.close()
        }
    }

    /// As soon as it is attached, its handshake may be still to come; on the node that holds it and through another one.
    @Test(arguments: [false, true]) func aClientMayShowANewerTokenBeforeItsHandshake(isRelayed: Bool) async throws {
        let backplane = InMemoryBackplane()
        let options = try Self.options { $0.enablesAuthenticationRefresh = true }
        let hubs = ["/members": Self.members()]
        let others = ["/members": Self.members()]
        try await withNode(hubs: hubs, backplane: backplane, httpOptions: options) { home async throws in
            try await withNode(hubs: others, backplane: backplane, httpOptions: options) { other async throws in
                let asked = isRelayed ? other : home
                let url = home.url("/members")
                let socketID = try #require(try await SignalRTestClient.negotiate(at: url, headers: bearer()).id)
                #expect(try await refresh(asked, id: socketID, headers: bearer("ada", ["writer"])).status == 404)
                let socket = try await WebSocketTestClient.connect(to: "\(url)?id=\(socketID)", headers: bearer())
                #expect(try await refresh(asked, id: socketID, headers: bearer("ada", ["writer"])).status == 200)
                #expect(try await refresh(asked, id: socketID, headers: bearer("eve")).status == 404)
                try await socket.send("{\"protocol\":\"json\",\"version\":1}\u{1e}")
                try await socket.send("{\"type\":1,\"invocationId\":\"1\",\"target\":\"Level\",\"arguments\":[]}\u{1e}")
                var answers = ""
                while !answers.contains("invocationId") {
                    guard case .text(let text) = try await socket.next() else { break }
                    answers += text
                }
                #expect(answers.contains(#""result":"writer""#))
                await socket.disconnect()

                let pollID = try #require(try await SignalRTestClient.negotiate(at: url, headers: bearer()).id)
                #expect(try await testRequest("GET", "\(url)?id=\(pollID)", headers: bearer()).status == 200)
                #expect(try await refresh(asked, id: pollID, headers: bearer("ada", ["writer"])).status == 200)
                #expect(try await testRequest("DELETE", "\(url)?id=\(pollID)", headers: bearer()).status == 202)
            }
        }
    }

    @Test func idsThatOthersKnowRefreshNothing() async throws {
        let options = try Self.options { $0.enablesAuthenticationRefresh = true }
        try await withNode(hubs: ["/members": Self.members()], httpOptions: options) { node async throws in
            let id = try #require(
                try await SignalRTestClient.negotiate(at: node.url("/members"), version: nil, headers: bearer()).id)
            #expect(
                try await refresh(node, id: id, headers: bearer()) == (
                    400, #"{"error":"unsupported_negotiate_version"}"#
                ))
        }
    }

    @Test func refreshingIsOffUnlessItIsAskedFor() async throws {
        try await withNode(hubs: ["/members": Self.members()], httpOptions: Self.options()) { node async throws in
            #expect(
                try await refresh(node, id: "x", headers: bearer()) == (404, #"{"error":"refresh_disabled"}"#))
            #expect(try await testRequest("GET", node.url("/members/refresh")).status == 405)
            let negotiate = try await testRequest("POST", node.url("/members/negotiate"), headers: bearer())
            #expect(!negotiate.body.contains("tokenLifetimeSeconds"))
        }
    }

    @Test func keysThatCannotBeReadAreNoRefusal() async throws {
        let options = try Self.options {
            $0.enablesAuthenticationRefresh = true
            let bearer = JWTBearerOptions(keySetURL: "http://127.0.0.1:1/keys")
            $0.authentication = try .jwtBearer(bearer, logger: .silent)
        }
        try await withNode(hubs: ["/members": Self.members()], httpOptions: options) { node async throws in
            let token = try await TokenIssuer.es256(kid: "1").token()
            let response = try await testRequest(
                "POST", node.url("/members/refresh?id=x"), headers: [("Authorization", "Bearer \(token)")])
            #expect(response.status == 503)
            #expect(response.body == #"{"error":"unavailable"}"#)
            #expect(response.header("retry-after") == "1")
        }
    }

    @Test func refreshingReachesTheNodeThatHoldsTheConnection() async throws {
        let backplane = InMemoryBackplane()
        let options = try Self.options { $0.enablesAuthenticationRefresh = true }
        try await withNode(hubs: ["/members": Self.members()], backplane: backplane, httpOptions: options) {
            home async throws in
            try await withNode(hubs: ["/members": Self.members()], backplane: backplane, httpOptions: options) {
                other async throws in
                let id = try #require(
                    try await SignalRTestClient.negotiate(at: home.url("/members"), headers: bearer()).id)
                let client = try await SignalRTestClient.connect(
                    to: home.url("/members?id=\(id)"), skipsNegotiation: true, headers: bearer())
                #expect(try await refresh(other, id: id, headers: bearer("ada", ["writer"])).status == 200)
                #expect(try await client.invoke("Level", returning: String.self) == "writer")
                try await client.close()
            }
        }
    }
}
