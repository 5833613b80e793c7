import NIOCore
import Synchronization
import Testing

@testable import ChatModels

/// The Responses API, and secrets that change.
@Suite(.timeLimit(.minutes(1))) struct ResponsesTests {
    private func actions(_ events: String...) -> [ReplyStreamAction] {
        var stream = ResponseStreamStateMachine()
        return (events.map { stream.receive(event: Array($0.utf8)) } + [stream.receiveEndOfBody()]).filter {
            $0 != .ignore
        }
    }

    private static let created = #"{"type":"response.created","response":{"id":"r1","status":"in_progress"}}"#
    private static let delta = #"{"type":"response.output_text.delta","output_index":0,"delta":"Blue"}"#
    private static let completed =
        #"{"type":"response.completed","response":{"id":"r1","model":"m-1","usage":{"input_tokens":3,"output_tokens":1,"total_tokens":4}}}"#

    @Test func readsAReplyToItsEnd() {
        let end = ChatReplyEnd(
            finish: .stop, usage: TokenUsage(inputTokens: 3, outputTokens: 1), responseID: "r1", modelID: "m-1")
        #expect(actions(Self.created, Self.delta, Self.completed) == [.deliver(ByteBuffer(string: "Blue")), .end(end)])
    }

    @Test func detailsOfItsUsageAreRead() throws {
        let completed =
            #"{"type":"response.completed","response":{"usage":{"input_tokens":3,"input_tokens_details":{"cached_tokens":2},"output_tokens":9,"output_tokens_details":{"reasoning_tokens":8},"total_tokens":12}}}"#
        let usage = TokenUsage(inputTokens: 3, outputTokens: 9, cachedInputTokens: 2, reasoningTokens: 8)
        #expect(actions(completed) == [.end(ChatReplyEnd(finish: .stop, usage: usage))])
        let odd = #"{"type":"response.completed","response":{"usage":{"input_tokens":3,"input_tokens_details":[]}}}"#
        let plain = TokenUsage(inputTokens: 3, outputTokens: 0)
        #expect(actions(odd) == [.end(ChatReplyEnd(finish: .stop, usage: plain))])
    }

    @Test func withoutATerminalEventItIsTruncated() {
        #expect(actions(Self.created, Self.delta).last == .fail(ChatModelError(.truncated)))
    }

    @Test(arguments: [
        (#"{"type":"response.incomplete","response":{"incomplete_details":{"reason":"max_output_tokens"}}}"#, "length"),
        (
            #"{"type":"response.incomplete","response":{"incomplete_details":{"reason":"content_filter"}}}"#,
            "contentFilter"
        ),
    ])
    func tellsEndsApart(event: String, finish: String) throws {
        guard case .end(let end)? = actions(Self.delta, event).last else {
            Issue.record("no end")
            return
        }
        #expect("\(end.finish)" == finish)
    }

    @Test func whatTheFilterBlocksIsTakenBack() {
        let blocked =
            #"{"type":"response.completed","response":{"id":"r1","content_filters":[{"blocked":false,"source_type":"prompt"},{"blocked":true,"source_type":"completion","content_filter_results":{"hate":{"filtered":true}},"content_filter_offsets":{"start_offset":2,"check_offset":2}}]}}"#
        #expect(
            actions(Self.delta, blocked) == [
                .deliver(ByteBuffer(string: "Blue")), .retract(ChatRetraction(keepBytes: 2, category: "hate")),
                .end(ChatReplyEnd(finish: .contentFilter, responseID: "r1")),
            ])
    }

    @Test func numbersOfServersDoNotOverflow() {
        let usage = TokenUsage(inputTokens: .max, outputTokens: .max)
        #expect(usage.totalTokens == .max && TokenUsage(inputTokens: -1, outputTokens: 2).inputTokens == 0)
    }

    @Test func unfilteredTextIsRefusedWhereThatIsWished() async throws {
        let unfiltered =
            #"{"id":"c1","choices":[{"index":0,"delta":{"content":"unseen"},"content_filter_results":{"error":{"code":"content_filter_error"}}}]}"#
        for refuses in [true, false] {
            let script: [FakeModelServer.Step] = [.streamHead, .event(unfiltered), .finish("stop"), .done, .close]
            try await FakeModelServer.run(script) { server in
                let model = try OpenAIChatModel(
                    configuration: .init(
                        endpoint: .azure(endpoint: server.baseURL, deployment: "d"), refusesUnfilteredText: refuses),
                    logger: LogRecorder().logger)
                if refuses {
                    #expect(try await model.failure().code == .contentFilter)
                } else {
                    let pieces = try await model.pieces("Hi").pieces
                    #expect(pieces == ["unseen"])
                }
                try await model.shutdown()
            }
        }
    }

    @Test func aReplyThatHasBegunIsNotAskedForAgain() async throws {
        let script: [FakeModelServer.Step] = [
            .streamHead, .text("a"), .event(#"{"error":{"code":401,"message":"m"}}"#), .close,
        ]
        try await FakeModelServer.run(script) { server in
            let model = try OpenAIChatModel(
                configuration: .init(
                    endpoint: .azure(endpoint: server.baseURL, deployment: "d"),
                    credential: .token { refused in APIKey(refused == nil ? "a" : "b") }),
                logger: LogRecorder().logger)
            #expect(try await model.failure().code == .unauthorized)
            try await model.shutdown()
            #expect(server.requests.count == 1)
        }
    }

    @Test func tellsFailuresApart() {
        let failed = #"{"type":"response.failed","response":{"error":{"code":"rate_limit_exceeded","message":"x"}}}"#
        #expect(actions(failed) == [.fail(ChatModelError(.rateLimited))])
        #expect(actions(#"{"type":"error","code":"server_error","message":"x"}"#) == [.fail(ChatModelError(.failed))])
        #expect(actions("{") == [.fail(ChatModelError(.unreadable))])
    }

    @Test func asksTheResponsesPathWithTheOptions() async throws {
        let reply: [FakeModelServer.Step] = [
            .streamHead, .send("event: response.output_text.delta\n"), .event(Self.delta), .event(Self.completed),
            .close,
        ]
        try await FakeModelServer.run(reply) { server in
            let model = try OpenAIChatModel(
                configuration: .init(
                    endpoint: .azureDeployment(endpoint: server.baseURL, deployment: "d"), api: .responses),
                logger: LogRecorder().logger)
            var text = ""
            let request = ChatRequest(
                messages: [ChatMessage(role: .user, text: "Hi")],
                options: ChatOptions(maxOutputTokens: 9, reasoningEffort: "low"))
            _ = try await model.reply(to: request) { if case .text(let piece) = $0 { text += String(buffer: piece) } }
            try await model.shutdown()
            #expect(text == "Blue")
            let sent = try #require(server.requests.first)
            #expect(sent.line == "POST /openai/responses?api-version=2025-04-01-preview HTTP/1.1")
            for member in [#""model":"d""#, #""max_output_tokens":9"#, #""effort":"low""#, #""store":false"#] {
                #expect(sent.body.contains(member))
            }
        }
    }

    @Test func aRefusedTokenIsReplacedOnce() async throws {
        let refused: [FakeModelServer.Step] = [.failure("401 No")]
        try await FakeModelServer.run(refused, .azureReply) { server in
            let asked = Mutex<[String?]>([])
            let credential = ChatModelCredential.token { refused in
                asked.withLock { asked in
                    asked.append(refused?.value)
                    return APIKey("token-\(asked.count)")
                }
            }
            let model = try OpenAIChatModel(
                configuration: .init(
                    endpoint: .azure(endpoint: server.baseURL, deployment: "d"), credential: credential),
                logger: LogRecorder().logger)
            let pieces = try await model.pieces("Hi").pieces
            try await model.shutdown()
            #expect(pieces == ["Bl", "ue."] && asked.withLock { $0 } == [nil, "token-1"])
            #expect(server.requests.map { $0.header("authorization") } == ["Bearer token-1", "Bearer token-2"])
        }
    }

    @Test func aTokenThatIsRefusedAgainIsAnError() async throws {
        try await FakeModelServer.run([.failure("401 No")], [.failure("401 No")]) { server in
            let model = try OpenAIChatModel(
                configuration: .init(
                    endpoint: .azure(endpoint: server.baseURL, deployment: "d"),
                    credential: .token { refused in APIKey(refused == nil ? "a" : "b") }),
                logger: LogRecorder().logger)
            #expect(try await model.failure().code == .unauthorized)
            try await model.shutdown()
            #expect(server.requests.count == 2)
        }
    }
}
