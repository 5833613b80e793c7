import ChatModels
import NIOCore
import Testing

@Suite(.timeLimit(.minutes(1))) struct OpenAIChatModelTests {
    typealias Step = FakeModelServer.Step

    @Test func streamsAReplyFromAnOpenAICompatibleServer() async throws {
        try await FakeModelServer.run(.azureReply) { server in
            try await withModel(of: server) { model in
                let (pieces, end) = try await model.pieces("Why is the sky \"blue\"?")
                #expect(pieces == ["Bl", "ue."])
                #expect(
                    end
                        == ChatReplyEnd(
                            finish: .stop, usage: TokenUsage(inputTokens: 21, outputTokens: 2), responseID: "c1"))
            }
            let request = try #require(server.requests.first)
            #expect(request.line == "POST /v1/chat/completions HTTP/1.1")
            #expect(request.header("authorization") == "Bearer sk-very-secret")
            #expect(request.header("content-type") == "application/json")
            #expect(request.header("accept") == "text/event-stream")
            #expect(request.header("accept-encoding") == nil)
            #expect(request.header("api-key") == nil)
            for member in [
                #""model":"small""#, #""stream":true"#, #""stream_options":{"include_usage":true}"#,
                #""content":"Why is the sky \"blue\"?""#, #""role":"user""#,
            ] {
                #expect(request.body.contains(member))
            }
        }
    }

    @Test func asksAzureOnTheClassicPath() async throws {
        try await FakeModelServer.run(.azureReply) { server in
            try await withModel(of: server, endpoint: { .azure(endpoint: $0 + "/", deployment: "chat main") }) {
                model in
                let pieces = try await model.pieces("Hi").pieces
                #expect(pieces == ["Bl", "ue."])
            }
            let request = try #require(server.requests.first)
            #expect(
                request.line
                    == "POST /openai/deployments/chat%20main/chat/completions?api-version=2024-10-21 HTTP/1.1")
            #expect(request.header("api-key") == "sk-very-secret")
            #expect(request.header("authorization") == nil)
            #expect(!request.body.contains(#""model""#))
        }
    }

    @Test func asksAzureOnTheV1Path() async throws {
        try await FakeModelServer.run(.azureReply) { server in
            try await withModel(of: server, endpoint: { .azure(endpoint: $0 + "/openai/v1/", deployment: "d") }) {
                model in
                let pieces = try await model.pieces("Hi").pieces
                #expect(pieces == ["Bl", "ue."])
            }
            let request = try #require(server.requests.first)
            #expect(request.line == "POST /openai/v1/chat/completions HTTP/1.1")
            #expect(request.header("api-key") == "sk-very-secret")
            #expect(request.body.contains(#""model":"d""#))
        }
    }

    @Test(arguments: ["\n", "\r\n", "\r"], [1, 2, 3, 7])
    func readsBytesCutAnywhere(lineEnd: String, size: Int) async throws {
        let body = [
            ":", "", "data:" + Step.textFrame("Grüße "), "", "data: " + Step.textFrame("👩‍👩‍👧"), "",
            "data:" + Step.finishFrame("stop"), "", "data: [DONE]", "", "",
        ].joined(separator: lineEnd)
        let bytes = Array(body.utf8)
        let pieces = stride(from: 0, to: bytes.count, by: size).map { Array(bytes[$0..<min($0 + size, bytes.count)]) }
        try await FakeModelServer.run([Step.streamHead] + pieces.map { .sendBytes($0) } + [.close]) { server in
            try await withModel(of: server) { model in
                let pieces = try await model.pieces("Hi").pieces
                #expect(pieces == ["Grüße ", "👩‍👩‍👧"])
            }
        }
    }

    @Test func usesAConnectionAgainAfterACompleteResponse() async throws {
        let reply: [Step] = [
            .chunkedHead, .chunk("data: \(Step.textFrame("a"))\n\ndata: \(Step.finishFrame("stop"))\n\n"),
            .chunk("data: [DONE]\n\n"), .lastChunk,
        ]
        try await FakeModelServer.run(reply) { server in
            try await withModel(of: server) { model in
                for _ in 0..<3 {
                    let pieces = try await model.pieces("Hi").pieces
                    #expect(pieces == ["a"])
                    // The response may end after the reply has.
                    try await Task.sleep(for: .milliseconds(20))
                }
                #expect(server.requests.count == 3)
                #expect(server.closed == 0)
            }
        }
    }

    @Test func aReplyIsCompleteThoughTheServerNeverEndsTheResponse() async throws {
        try await FakeModelServer.run([
            .chunkedHead, .chunk("data: \(Step.finishFrame("stop"))\n\ndata: [DONE]\n\n"), .hold,
        ]) {
            server in
            try await withModel(of: server) { model in
                #expect(try await model.pieces("Hi").end.finish == .stop)
                try await eventually { server.closed == 1 }
            }
        }
    }

    @Test func carriesManyRepliesAtOnce() async throws {
        let reply: [Step] = [.streamHead, .text("a"), .wait(.milliseconds(100)), .text("b"), .finish("stop"), .close]
        try await FakeModelServer.run(reply) { server in
            try await withModel(of: server) { model in
                try await withThrowingTaskGroup { group in
                    for _ in 0..<200 {
                        group.addTask { try await model.pieces("Hi").pieces.joined() }
                    }
                    for try await text in group {
                        #expect(text == "ab")
                    }
                }
            }
            #expect(server.requests.count == 200)
        }
    }

    @Test func aSlowReceiverHoldsTheServerBackAndLosesNothing() async throws {
        let line = String(repeating: "x", count: 64 * 1024)
        let reply = [Step.streamHead] + (0..<128).map { _ in .text(line) } + [.finish("stop"), .close]
        try await FakeModelServer.run(reply) { server in
            try await withModel(of: server, timeouts: .init(silence: .seconds(1))) { model in
                var received = 0
                _ = try await model.reply(to: ChatRequest(messages: [])) { update in
                    if received == 0 {
                        // Longer than the silence that is allowed: it is not the model that is silent.
                        try await Task.sleep(for: .milliseconds(1500))
                        #expect(server.steps < 100)
                    }
                    if case .text(let text) = update { received += text.readableBytes }
                }
                #expect(received == 128 * 64 * 1024)
            }
        }
    }

    @Test func whatTheReceiverThrowsEndsTheReplyAndTheRequest() async throws {
        struct Refused: Error {}
        try await FakeModelServer.run([.streamHead, .text("a"), .text("b"), .hold]) { server in
            try await withModel(of: server) { model in
                await #expect(throws: Refused.self) {
                    _ = try await model.reply(to: ChatRequest(messages: [])) { _ in throw Refused() }
                }
                try await eventually { server.closed == 1 }
                #expect(server.requests.count == 1)
            }
        }
    }

    @Test(arguments: [
        [Step.hold],
        [.streamHead, .hold],
        [.streamHead, .text("a"), .hold],
        [.send("HTTP/1.1 500 Oops\r\ncontent-length: 10\r\n\r\n"), .hold],
    ])
    func cancellingClosesTheConnectionAtOnce(script: [Step]) async throws {
        try await FakeModelServer.run(script) { server in
            try await withModel(of: server) { model in
                let reply = Task { try await model.pieces("Hi") }
                try await eventually { server.requests.count == 1 }
                try await Task.sleep(for: .milliseconds(30))
                let begin = ContinuousClock.now
                reply.cancel()
                await #expect(throws: CancellationError.self) { try await reply.value }
                try await eventually { server.closed == 1 }
                #expect(ContinuousClock.now - begin < .seconds(1))
                #expect(server.requests.count == 1)
            }
        }
    }

    @Test func cancellingEndsTheWaitForARetry() async throws {
        try await FakeModelServer.run([.failure("503 Busy", headers: ["retry-after: 20"])]) { server in
            try await withModel(of: server) { model in
                let reply = Task { try await model.pieces("Hi") }
                try await eventually { server.requests.count == 1 }
                let begin = ContinuousClock.now
                reply.cancel()
                await #expect(throws: CancellationError.self) { try await reply.value }
                #expect(ContinuousClock.now - begin < .seconds(1))
            }
        }
    }

    @Test func logsAttemptsButNeitherKeysNorPrompts() async throws {
        let recorder = LogRecorder()
        let refused: [Step] = [.failure("429 Slow", headers: ["apim-request-id: apim-7"])]
        try await FakeModelServer.run(refused, .azureReply) { server in
            try await withModel(of: server, logger: recorder.logger) { model in
                _ = try await model.pieces("my private question")
            }
            for expected in ["429", "apim-7", "200", "rate_limited"] {
                #expect(recorder.text.contains(expected))
            }
            for secret in ["sk-very-secret", "private question", "127.0.0.1", "upstream words", "Bl", "ue."] {
                #expect(!recorder.text.contains(secret))
            }
        }
    }

    @Test func aModelThatWasShutDownSaysSo() async throws {
        try await FakeModelServer.run([.hold]) { server in
            let model = try OpenAIChatModel(
                configuration: .init(endpoint: .openAI(baseURL: server.baseURL, model: "m")),
                logger: LogRecorder().logger)
            try await model.shutdown()
            #expect(try await model.failure().code == .unavailable)
        }
    }
}
