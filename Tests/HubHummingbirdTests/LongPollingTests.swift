import Foundation
import HubHummingbird
import HubProtocol
import HubTesting
import ServiceLifecycle
import Testing

@testable import HubServer

@Suite(.timeLimit(.minutes(1))) struct LongPollingTests {
    private static let handshake = PollingConnection.handshake

    /// Polls are served with the router and before it.
    static func options(_ isBeforeRouter: Bool) -> HTTPHubOptions {
        var options = HTTPHubOptions()
        options.pollsBeforeRouter = isBeforeRouter
        options.sendsBeforeRouter = isBeforeRouter
        return options
    }

    private func negotiated(_ node: TestNode) async throws -> String {
        node.url("/chat?id=\(try #require(try await SignalRTestClient.negotiate(at: node.url("/chat")).id))")
    }

    @Test(arguments: [false, true]) func theFirstPollIsAnsweredAtOnceAndEmpty(isBeforeRouter: Bool) async throws {
        try await withNode(hubs: ["/chat": .forTests()], httpOptions: Self.options(isBeforeRouter)) {
            node async throws in
            let url = try await negotiated(node)
            let first = try await testRequest("GET", url + "&_=123")
            #expect(first.status == 200)
            #expect(first.body == "")
            #expect(first.header("content-length") == "0")
            #expect(first.header("content-type") == "application/octet-stream")
            #expect(first.header("cache-control") == "no-cache, no-store")
            #expect(first.header("pragma") == "no-cache")
            #expect(first.header("expires") != nil)
            #expect(try await testRequest("POST", url, body: Self.handshake).status == 200)
            let second = try await testRequest("GET", url)
            #expect(second.body == "{}\u{1E}")
            #expect(second.header("content-type") == "application/octet-stream")
            #expect(second.header("content-length") == "3")
        }
    }

    @Test(arguments: [false, true]) func carriesInvocationsBothWays(isBeforeRouter: Bool) async throws {
        try await withNode(hubs: ["/chat": .forTests()], httpOptions: Self.options(isBeforeRouter)) {
            node async throws in
            let client = try await HTTPTransportClient.connect(to: [node.url("/chat?room=7")], over: .longPolling)
            for number in 0..<20 {
                #expect(try await client.invoke("Echo", "\(number)", returning: String.self) == "\(number)")
            }
            #expect(try await client.invoke("Query", "room", returning: String.self) == "7")
            #expect(try await client.invoke("Transport", returning: String.self) == "LongPolling")
            let other = try await SignalRTestClient.connect(to: node.url("/chat"))
            try await other.invoke("Tell", client.connectionID, "news")
            #expect(try await client.next("told").argument(0, as: String.self) == "news")
            try await other.close()
            try await client.close()
        }
    }

    @Test(arguments: [false, true]) func aPollThatNothingCameForIsAnsweredEmpty(isBeforeRouter: Bool) async throws {
        var options = HubOptions()
        options.pollTimeout = .milliseconds(50)
        try await withNode(hubs: ["/chat": .forTests()], hubOptions: options, httpOptions: Self.options(isBeforeRouter))
        { node async throws in
            let url = try await negotiated(node)
            _ = try await testRequest("GET", url)
            let timedOut = try await testRequest("GET", url)
            #expect(timedOut.status == 200)
            #expect(timedOut.body == "")
            #expect(timedOut.header("content-type") == "text/plain")
        }
    }

    @Test(arguments: [false, true]) func aClientThatDoesNotPollAnyMoreIsDisconnected(isBeforeRouter: Bool) async throws
    {
        let (ends, ended) = AsyncStream<Bool>.makeStream()
        let hub = Hub.forTests()
        hub.onDisconnected { _, error in ended.yield(error == nil) }
        var options = HubOptions()
        options.disconnectTimeout = .seconds(2)
        try await withNode(hubs: ["/chat": hub], hubOptions: options, httpOptions: Self.options(isBeforeRouter)) {
            node async throws in
            let url = try await negotiated(node)
            _ = try await testRequest("GET", url)
            #expect(try await testRequest("POST", url, body: Self.handshake).status == 200)
            #expect(try await testRequest("GET", url).body == "{}\u{1E}")
            #expect(await ends.first { _ in true } == true)
            #expect(try await testRequest("GET", url).status == 404)
        }
    }

    @Test(arguments: [false, true]) func aNewerPollTakesOverAndTheOlderGetsNothing(isBeforeRouter: Bool) async throws {
        try await withNode(hubs: ["/chat": .forTests()], httpOptions: Self.options(isBeforeRouter)) {
            node async throws in
            let connection = try await PollingConnection(to: [node])
            async let older = testRequest("GET", connection.url)
            try await connection.pollWaits()
            async let newer = testRequest("GET", connection.url)
            #expect(try await older.status == 204)
            _ = try await testRequest("POST", connection.url, body: Self.handshake)
            #expect(try await newer.body == "{}\u{1E}")
        }
    }

    @Test(arguments: [false, true]) func aPollWhoseClientLeftGivesWhatItHadToTheNext(isBeforeRouter: Bool) async throws
    {
        try await withNode(hubs: ["/chat": .forTests()], httpOptions: Self.options(isBeforeRouter)) {
            node async throws in
            let connection = try await PollingConnection(to: [node])
            let gone = try await RawConnection.connect(port: node.port)
            try await gone.send(request: "GET \(connection.target) HTTP/1.1", headers: [])
            try await connection.pollWaits()
            await gone.close()
            try await connection.pollIsGone()
            _ = try await testRequest("POST", connection.url, body: Self.handshake)
            #expect(try await testRequest("GET", connection.url).body == "{}\u{1E}")
        }
    }

    @Test(arguments: [false, true]) func pollsOfOneConnectionUseOneSocket(isBeforeRouter: Bool) async throws {
        try await withNode(hubs: ["/chat": .forTests()], httpOptions: Self.options(isBeforeRouter)) {
            node async throws in
            let url = try await negotiated(node)
            let target = url.dropFirst(node.url("").count)
            let connection = try await RawConnection.connect(port: node.port)
            for _ in 0..<3 {
                try await connection.send(request: "GET \(target) HTTP/1.1", headers: [])
                #expect(try await connection.readHead().hasPrefix("HTTP/1.1 200"))
                _ = try await testRequest("POST", url, body: Self.handshake)
            }
            await connection.close()
        }
    }

    @Test(arguments: [false, true]) func whatWasSaidAtTheEndIsPolledBeforeTheEnd(isBeforeRouter: Bool) async throws {
        try await withNode(hubs: ["/chat": .forTests()], httpOptions: Self.options(isBeforeRouter)) {
            node async throws in
            let url = try await negotiated(node)
            _ = try await testRequest("GET", url)
            let both = Self.handshake + "{\"type\":1,\"target\":\"Abort\",\"arguments\":[]}\u{1E}"
            #expect(try await testRequest("POST", url, body: both).status == 200)
            var said = ""
            while said.components(separatedBy: "\u{1E}").count < 3 {
                let poll = try await testRequest("GET", url)
                #expect(poll.status == 200)
                said += poll.body
            }
            #expect(said == "{}\u{1E}{\"type\":7}\u{1E}")
            #expect(try await testRequest("GET", url).status == 204)
            #expect(try await testRequest("GET", url).status == 404)
        }
    }

    @Test(arguments: [false, true]) func theEndWaitsForAPollLongerThanForOtherTransports(isBeforeRouter: Bool)
        async throws
    {
        var options = HubOptions()
        options.closeTimeout = .milliseconds(100)
        try await withNode(hubs: ["/chat": .forTests()], hubOptions: options, httpOptions: Self.options(isBeforeRouter))
        { node async throws in
            let connection = try await PollingConnection(to: [node])
            try await connection.shakeHands()
            let abort = "{\"type\":1,\"target\":\"Abort\",\"arguments\":[]}\u{1E}"
            #expect(try await testRequest("POST", connection.url, body: abort).status == 200)
            try await Task.sleep(for: .milliseconds(500))
            #expect(try await testRequest("GET", connection.url).body == "{\"type\":7}\u{1E}")
            #expect(try await testRequest("GET", connection.url).status == 204)
            try await connection.leavesNothing()
        }
    }

    @Test(arguments: [false, true]) func theEndIsGivenUpWhenItsClientDoesNotComeBack(isBeforeRouter: Bool) async throws
    {
        var options = HubOptions()
        options.closeTimeout = .milliseconds(50)
        // A client's next request may take seconds beside all the other tests.
        options.disconnectTimeout = .seconds(8)
        try await withNode(hubs: ["/chat": .forTests()], hubOptions: options, httpOptions: Self.options(isBeforeRouter))
        { node async throws in
            let connection = try await PollingConnection(to: [node])
            try await connection.shakeHands()
            let abort = "{\"type\":1,\"target\":\"Abort\",\"arguments\":[]}\u{1E}"
            #expect(try await testRequest("POST", connection.url, body: abort).status == 200)
            try await connection.leavesNothing()
            #expect(try await testRequest("GET", connection.url).status == 404)
        }
    }

    @Test(arguments: [false, true]) func aHandshakeThatIsRefusedIsPolledToo(isBeforeRouter: Bool) async throws {
        try await withNode(hubs: ["/chat": .forTests()], httpOptions: Self.options(isBeforeRouter)) {
            node async throws in
            let url = try await negotiated(node)
            _ = try await testRequest("GET", url)
            _ = try await testRequest("POST", url, body: "{\"protocol\":\"x\",\"version\":1}\u{1E}")
            #expect(
                try await testRequest("GET", url).body == "{\"error\":\"The protocol 'x' is not supported.\"}\u{1E}")
            #expect(try await testRequest("GET", url).status == 204)
        }
    }

    @Test(arguments: [false, true]) func aServerThatStopsSendsClientsAway(isBeforeRouter: Bool) async throws {
        try await withNode(hubs: ["/chat": .forTests()], httpOptions: Self.options(isBeforeRouter)) {
            node async throws in
            let client = try await HTTPTransportClient.connect(to: [node.url("/chat")], over: .longPolling)
            _ = try await client.invoke("Echo", "", returning: String.self)
            // Its next poll has to be there: a node that stops takes no new connections.
            let home = try #require(node.hubs["/chat"]).endpoint
            try await PollingConnection.pollWaits(of: client.connectionID, at: home)
            await node.group.triggerGracefulShutdown()
            let close = try await client.inbox.take(within: HubTestClient.timeout) { message in
                if case .close = message { true } else { false }
            }
            #expect(close == .close(CloseMessage(allowReconnect: true)))
        }
    }
}
