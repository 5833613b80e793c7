import ChatModels
import InMemoryTracing
import MetricsTestKit
import NIOCore
import Testing
import Tracing

@Suite struct TelemetryTests {
    private let tracer = InMemoryTracer()
    private let metrics = TestMetrics()

    /// A model with a name and an address, which replies in two pieces or fails after the first.
    private struct NamedModel: ChatModel {
        var failure: (any Error)?
        let metadata = ChatModelMetadata(
            provider: "azure.ai.openai", defaultModelID: "small", serverAddress: "model.example", serverPort: 443)

        func reply(
            to request: ChatRequest, receive: (ChatUpdate) async throws -> Void
        ) async throws -> ChatReplyEnd {
            try await receive(.text(ByteBuffer(string: "secret ")))
            if let failure { throw failure }
            try await receive(.text(ByteBuffer(string: "reply")))
            return ChatReplyEnd(
                finish: .length,
                usage: TokenUsage(inputTokens: 7, outputTokens: 2, cachedInputTokens: 4, reasoningTokens: 1),
                responseID: "r-1", modelID: "small-2024")
        }
    }

    private let ours = [
        ("gen_ai.operation.name", "chat"), ("gen_ai.provider.name", "azure.ai.openai"),
        ("gen_ai.request.model", "small"),
        ("server.address", "model.example"), ("server.port", "443"),
    ]

    private func ask(_ failure: (any Error)? = nil) async throws {
        let model = NamedModel(failure: failure).with(TelemetryMiddleware(tracer: tracer, factory: metrics))
        let options = ChatOptions(temperature: 0.5, maxOutputTokens: 9)
        let messages = [ChatMessage(role: .user, text: "secret question")]
        _ = try await model.reply(to: ChatRequest(messages: messages, options: options)) { _ in }
    }

    @Test func aReplyIsASpan() async throws {
        try await ask()
        let span = try #require(tracer.popFinishedSpans().first)
        #expect(span.operationName == "chat small" && span.kind == .client && span.errors.isEmpty)
        let attributes = span.attributes
        #expect(attributes.get("gen_ai.operation.name") == .string("chat"))
        #expect(attributes.get("gen_ai.provider.name") == .string("azure.ai.openai"))
        #expect(attributes.get("gen_ai.request.model") == .string("small"))
        #expect(attributes.get("gen_ai.request.temperature") == .double(0.5))
        #expect(attributes.get("gen_ai.request.max_tokens") == .int64(9))
        #expect(attributes.get("gen_ai.request.seed") == nil)
        #expect(attributes.get("gen_ai.response.id") == .string("r-1"))
        #expect(attributes.get("gen_ai.response.model") == .string("small-2024"))
        #expect(attributes.get("gen_ai.response.finish_reasons") == .stringArray(["length"]))
        #expect(attributes.get("gen_ai.usage.input_tokens") == .int64(7))
        #expect(attributes.get("gen_ai.usage.output_tokens") == .int64(2))
        #expect(attributes.get("gen_ai.usage.cache_read.input_tokens") == .int64(4))
        #expect(attributes.get("gen_ai.usage.reasoning.output_tokens") == .int64(1))
        #expect(attributes.get("server.address") == .string("model.example"))
        #expect(attributes.get("server.port") == .int64(443))
        #expect(!"\(attributes)".contains("secret"))
    }

    @Test func aReplyIsMeasured() async throws {
        try await ask()
        let replied = ours + [("gen_ai.response.model", "small-2024")]
        #expect(try metrics.expectRecorder("gen_ai.client.operation.duration", replied).values.count == 1)
        for name in ["time_to_first_chunk", "time_per_output_chunk"] {
            let times = try metrics.expectRecorder("gen_ai.client.operation.\(name)", ours).values
            #expect(times.count == 1 && times.allSatisfy { (0..<10).contains($0) })
        }
        for (type, count) in [("input", 7.0), ("output", 2)] {
            let usage = replied + [("gen_ai.token.type", type)]
            #expect(try metrics.expectRecorder("gen_ai.client.token.usage", usage).values == [count])
        }
    }

    @Test(arguments: [
        (ChatModelError(code: .rateLimited, message: "Later.", retryable: true) as any Error, "rate_limited"),
        (CancellationError(), "cancelled"), (ChannelError.eof, "_OTHER"),
    ]) func aFailureIsTold(error: any Error, type: String) async throws {
        await #expect(throws: (any Error).self) { try await ask(error) }
        let span = try #require(tracer.popFinishedSpans().first)
        #expect(span.attributes.get("error.type") == .string(type) && span.status?.code == .error)
        let failed = try metrics.expectRecorder("gen_ai.client.operation.duration", ours + [("error.type", type)])
        #expect(failed.values.count == 1)
        #expect(metrics.recorders(label: "gen_ai.client.token.usage").isEmpty)
    }
}
