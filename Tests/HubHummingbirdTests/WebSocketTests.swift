import HubHummingbird
import HubServer
import HubTesting
import NIOCore
import NIOWebSocket
import ServiceLifecycle
import Synchronization
import Testing

/// What a WebSocket does on a real socket, with the hub behind it.
@Suite(.timeLimit(.minutes(1))) struct WebSocketTests {
    private static let handshake = "{\"protocol\":\"json\",\"version\":1}\u{1E}"

    private func open(_ node: TestNode) async throws -> WebSocketTestClient {
        let webSocket = try await WebSocketTestClient.connect(to: node.webSocketURL("/chat"))
        try await webSocket.send(Self.handshake)
        #expect(try await webSocket.next() == .text("{}\u{1E}"))
        return webSocket
    }

    private func frame(
        _ opcode: WebSocketOpcode, _ text: String, isFinal: Bool = true, isReserved: Bool = false
    ) -> WebSocketFrame {
        WebSocketFrame(
            fin: isFinal, rsv1: isReserved, opcode: opcode, maskKey: .random(), data: ByteBuffer(string: text))
    }

    private func nextText(_ webSocket: WebSocketTestClient) async throws -> String {
        guard case .text(let text) = try await webSocket.next() else { throw WebSocketTestClient.Disconnected() }
        return text
    }

    @Test func messagesMayBeCutIntoFramesAnyhow() async throws {
        try await withNode(hubs: ["/chat": .forTests()]) { node async throws in
            let webSocket = try await open(node)
            let call = "{\"type\":1,\"invocationId\":\"1\",\"target\":\"Echo\",\"arguments\":[\"zwölf 🥊\"]}\u{1E}"
            let bytes = Array(call.utf8)
            for index in bytes.indices {
                let piece = WebSocketFrame(
                    fin: index == bytes.count - 1, opcode: index == 0 ? .text : .continuation, maskKey: .random(),
                    data: ByteBuffer(bytes: [bytes[index]]))
                try await webSocket.send(piece)
                if index % 10 == 5 { try await webSocket.send(frame(.ping, "between")) }
            }
            var answer = ""
            while answer.isEmpty {
                if case .text(let text) = try await webSocket.next() { answer = text }
            }
            #expect(answer == "{\"type\":3,\"invocationId\":\"1\",\"result\":\"zwölf 🥊\"}\u{1E}")

            try await webSocket.send(call + call.replacing("\"1\"", with: "\"2\""))
            var answers = ""
            while answers.filter({ $0 == "\u{1E}" }).count < 2 { answers += try await nextText(webSocket) }
            #expect(answers.contains("\"2\""))
            try await webSocket.close()
        }
    }

    @Test func binaryFramesAreReadToo() async throws {
        try await withNode(hubs: ["/chat": .forTests()]) { node async throws in
            let webSocket = try await WebSocketTestClient.connect(to: node.webSocketURL("/chat"))
            try await webSocket.send(ByteBuffer(string: Self.handshake))
            #expect(try await webSocket.next() == .text("{}\u{1E}"))
            try await webSocket.close()
        }
    }

    @Test func pingsAreAnswered() async throws {
        try await withNode(hubs: ["/chat": .forTests()]) { node async throws in
            let webSocket = try await open(node)
            for text in ["", "hello", String(repeating: "x", count: 125)] {
                try await webSocket.send(frame(.ping, text))
                #expect(try await webSocket.next() == .pong(ByteBuffer(string: text)))
            }
            try await webSocket.close()
        }
    }

    @Test func theServersCloseAnswersTheClients() async throws {
        try await withNode(hubs: ["/chat": .forTests()]) { node async throws in
            #expect(try await open(node).close(code: .normalClosure) == .normalClosure)
            #expect(try await open(node).close(code: .goingAway) == .goingAway)
            let empty = try await open(node)
            try await empty.send(frame(.connectionClose, ""))
            #expect(try await empty.closeCode() == .normalClosure)
        }
    }

    @Test func brokenFramesEndTheConnectionWith1002AndBrokenTextWith1007() async throws {
        try await withNode(hubs: ["/chat": .forTests()]) { node async throws in
            let reserved = try await open(node)
            try await reserved.send(frame(.text, "x", isReserved: true))
            #expect(try await reserved.closeCode() == .protocolError)

            let unmasked = try await open(node)
            try await unmasked.send(WebSocketFrame(fin: true, opcode: .text, data: ByteBuffer(string: "x")))
            #expect(try await unmasked.closeCode() == .protocolError)

            let text = try await open(node)
            try await text.send(
                WebSocketFrame(fin: true, opcode: .text, maskKey: .random(), data: ByteBuffer(bytes: [0xC0, 0xAF])))
            #expect(try await text.closeCode() == .dataInconsistentWithMessage)

            let stillServed = try await open(node)
            try await stillServed.close()
        }
    }

    @Test func aMessageOverTheLimitEndsTheConnectionWithACloseMessage() async throws {
        var options = HubOptions()
        options.maximumReceiveMessageSize = 1000
        try await withNode(hubs: ["/chat": .forTests()], hubOptions: options) { node async throws in
            let client = try await SignalRTestClient.connect(to: node.url("/chat"))
            #expect(try await client.invoke("Length", String(repeating: "x", count: 900), returning: Int.self) == 900)
            try await client.send("Length", String(repeating: "x", count: 2000))
            let end = try await client.ended()
            #expect(end.error == "Connection closed with an error.")
            #expect(end.allowReconnect == true)
            #expect(end.code == 1000)
        }
    }

    @Test func aFloodOfFragmentsIsCutOffAtTheLimitToo() async throws {
        try await withNode(hubs: ["/chat": .forTests()]) { node async throws in
            let webSocket = try await open(node)
            try await webSocket.send(frame(.text, String(repeating: "x", count: 1000), isFinal: false))
            var isOpen = true
            for _ in 0..<1000 where isOpen {
                do {
                    try await webSocket.send(frame(.continuation, String(repeating: "x", count: 1000), isFinal: false))
                } catch {
                    isOpen = false
                }
            }
            var texts = ""
            var code: WebSocketErrorCode?
            while code == nil {
                switch try await webSocket.next() {
                case .text(let text): texts += text
                case .close(let given): code = given
                default: break
                }
            }
            #expect(texts.contains("\"type\":7"))
            #expect(code == .normalClosure)
        }
    }

    @Test func aConnectionWhoseClientEndsItsHalfIsClosed() async throws {
        let hub = Hub.forTests()
        let (ends, ended) = AsyncStream<String>.makeStream()
        hub.onDisconnected { context, _ in ended.yield(context.connectionID) }
        try await withNode(hubs: ["/chat": hub]) { node async throws in
            let webSocket = try await open(node)
            try await webSocket.halfClose()
            try await webSocket.waitUntilClosed()
            var iterator = ends.makeAsyncIterator()
            #expect(await iterator.next() != nil)
        }
    }

    @Test func aSlowClientHoldsUpNobody() async throws {
        let hub = Hub.forTests()
        hub.on("Flood") { context async throws in
            for _ in 0..<200 {
                try await context.clients.others.send("flood", String(repeating: "x", count: 16 * 1024))
            }
        }
        try await withNode(hubs: ["/chat": hub]) { node async throws in
            let slow = try await open(node)
            try await slow.setReading(false)
            let other = try await SignalRTestClient.connect(to: node.url("/chat"))
            try await other.invoke("Flood")
            #expect(try await other.invoke("Echo", "still here", returning: String.self) == "still here")
            try await other.close()
            await slow.disconnect()
        }
    }

    @Test func aStoppingServerTellsItsClientsToReconnect() async throws {
        try await withNode(hubs: ["/chat": .forTests()]) { node async throws in
            let client = try await SignalRTestClient.connect(to: node.url("/chat"))
            let waiting = try await WebSocketTestClient.connect(to: node.webSocketURL("/chat"))
            await node.group.triggerGracefulShutdown()
            #expect(try await client.ended() == .init(error: nil, allowReconnect: true, code: 1001))
            #expect(try await waiting.closeCode() == .goingAway)
        }
    }
}
