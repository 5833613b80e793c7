import HubBackplane
import HubHummingbird
import HubServer
import HubTesting
import NIOConcurrencyHelpers
import NIOCore
import Synchronization
import Testing

/// What clients post faster than it is taken.
@Suite(.timeLimit(.minutes(1))) struct PostTests {
    private static let events = [("Accept", "text/event-stream")]

    /// Takes down what one client says.
    private final class Said: Sendable {
        private let text = NIOLockedValueBox("")

        var all: String { text.withLockedValue { $0 } }

        func read(_ connection: ClientConnection) async {
            for await message in connection.messages { text.withLockedValue { $0 += String(buffer: message.bytes) } }
        }
    }

    private func negotiated(_ node: TestNode) async throws -> String {
        "/raw?id=\(try #require(try await SignalRTestClient.negotiate(at: node.url("/raw")).id))"
    }

    private func post(
        _ body: String, of size: Int? = nil, to target: String, at node: TestNode
    ) async throws -> RawConnection {
        let connection = try await RawConnection.connect(port: node.port)
        try await connection.send(
            request: "POST \(target) HTTP/1.1", headers: [("Content-Length", "\(size ?? body.utf8.count)")],
            then: Array(body.utf8))
        return connection
    }

    @Test func manyPostsOfOneConnectionWaitAndNoneIsRefused() async throws {
        let said = Said()
        try await withConnections {
            await said.read($0)
        } _: { node in
            let target = try await negotiated(node)
            let body = String(repeating: "x", count: 60_000)
            try await withThrowingTaskGroup(of: Int.self) { posts in
                for _ in 0..<40 {
                    posts.addTask { try await testRequest("POST", node.url(target), body: body).status }
                }
                // One fits before there is a transport.
                #expect(try await posts.next() == 200)
                let stream = try await TestEventStream.open(node.url(target))
                for try await status in posts { #expect(status == 200) }
                // Answered is what waits for the application, not what it has read.
                while said.all.utf8.count < 40 * 60_000 { try await Task.sleep(for: .milliseconds(5)) }
                await stream.close()
            }
            #expect(said.all.utf8.count == 40 * 60_000)
        }
    }

    @Test func postsAreTakenInTheOrderInWhichTheyBegan() async throws {
        let said = Said()
        try await withConnections {
            await said.read($0)
        } _: { node in
            let target = try await negotiated(node)
            let stream = try await TestEventStream.open(node.url(target))
            let first = try await post("fir", of: 5, to: target, at: node)
            // Its head is there, since what follows it is answered.
            #expect(try await testRequest("GET", node.url("/raw")).status == 400)
            let second = try await post("second", to: target, at: node)
            let third = try await post("third", of: 5, to: target, at: node)
            try await Task.sleep(for: .milliseconds(100))
            #expect(said.all == "")
            try await first.send(Array("st".utf8))
            for connection in [first, second, third] {
                #expect(try await connection.readHead().hasPrefix("HTTP/1.1 200"))
                await connection.close()
            }
            #expect(said.all.hasPrefix("first"))
            #expect(said.all.count == "firstsecondthird".count)
            await stream.close()
        }
    }

    /// Sockets on the loopback take some megabytes; of what is more, a client gets rid only when it is read.
    @Test(arguments: [0, 1]) func aLargeBodyIsNotReadBeforeThereIsATransport(edge: Int) async throws {
        let said = Said()
        var options = HTTPHubOptions()
        options.maximumPostSize = 32 << 20
        let backplane = InMemoryBackplane()
        try await withConnections(backplane: backplane, httpOptions: options) {
            await said.read($0)
        } _: { [options] home in
            try await withConnections(backplane: backplane, httpOptions: options) { _ in
            } _: { other in
                let target = try await negotiated(home)
                #expect(try await testRequest("POST", home.url(target), body: "first").status == 200)
                let isSent = Mutex(false)
                async let large = {
                    let body = String(repeating: "x", count: 32 << 20)
                    let connection = try await post(body, to: target, at: [home, other][edge])
                    isSent.withLock { $0 = true }
                    defer { Task { await connection.close() } }
                    return try await connection.readHead()
                }()
                try await Task.sleep(for: .milliseconds(300))
                #expect(!isSent.withLock { $0 })
                let stream = try await TestEventStream.open(home.url(target))
                #expect(try await large.hasPrefix("HTTP/1.1 200"))
                #expect(said.all.utf8.count > 5 + (31 << 20))
                await stream.close()
            }
        }
    }

    @Test func largeBodiesOfAllConnectionsShareWhatTheNodeHasForThem() async throws {
        let said = Said()
        var options = HTTPHubOptions()
        options.largePostBufferSize = 150_000
        try await withConnections(httpOptions: options) {
            await said.read($0)
        } _: { node in
            var streams: [TestEventStream] = []
            var targets: [String] = []
            for _ in 0..<3 {
                targets.append(try await negotiated(node))
                streams.append(try await TestEventStream.open(node.url(targets[targets.count - 1])))
            }
            let size = 100_000
            let slow = try await post("", of: size, to: targets[0], at: node)
            #expect(try await testRequest("GET", node.url("/raw")).status == 400)
            try await Task.sleep(for: .milliseconds(100))
            let body = String(repeating: "x", count: size)
            let waiting = try await post(body, to: targets[1], at: node)
            // Small ones get past.
            #expect(try await testRequest("POST", node.url(targets[2]), body: "small").status == 200)
            try await Task.sleep(for: .milliseconds(100))
            #expect(said.all.utf8.count <= "small".utf8.count)
            try await slow.send(Array(body.utf8))
            for connection in [slow, waiting] {
                #expect(try await connection.readHead().hasPrefix("HTTP/1.1 200"))
                await connection.close()
            }
            for stream in streams { await stream.close() }
        }
    }

    @Test func whoWaitsForTooLongIsToldAndWhoSendsTooSlowlyIsCutOff() async throws {
        var options = HTTPHubOptions()
        options.postTimeout = .milliseconds(1500)
        try await withConnections(httpOptions: options) { _ in
        } _: { node in
            let target = try await negotiated(node)
            let slow = try await post("slo", of: 5, to: target, at: node)
            #expect(try await testRequest("GET", node.url("/raw")).status == 400)
            await #expect(throws: (any Error).self) { try await slow.readHead() }

            let body = String(repeating: "x", count: 60_000)
            #expect(try await testRequest("POST", node.url(target), body: body).status == 200)
            let late = try await testRequest("POST", node.url(target), body: body)
            #expect(late.status == 429)
            #expect(late.header("retry-after") == "1")
            // What was refused is not taken later.
            #expect(try await testRequest("POST", node.url(target), body: "small").status == 200)
        }
    }

    @Test func aClientThatLeavesTheLineHoldsNobodyUp() async throws {
        try await withConnections { _ in
        } _: { node in
            let target = try await negotiated(node)
            let body = String(repeating: "x", count: 60_000)
            #expect(try await testRequest("POST", node.url(target), body: body).status == 200)
            let gone = [try await post(body, to: target, at: node), try await post(body, to: target, at: node)]
            for connection in gone { await connection.close() }
            #expect(try await testRequest("POST", node.url(target), body: "small").status == 200)
        }
    }
}
