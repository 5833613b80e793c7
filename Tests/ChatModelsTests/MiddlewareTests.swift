import Logging
import NIOCore
import NIOPosix
import Synchronization
import Testing

@testable import ChatModels

@Suite(.timeLimit(.minutes(1))) struct MiddlewareTests {
    private struct Naming: ChatMiddleware {
        let name: String

        func reply(
            to request: ChatRequest, from next: any ChatModel, receive: (ChatUpdate) async throws -> Void
        ) async throws -> ChatReplyEnd {
            var request = request
            request.messages.append(ChatMessage(role: .user, text: request.prompt + name))
            return try await next.reply(to: request, receive: receive)
        }
    }

    private struct RefusingModel: ChatModel {
        let text: String

        func reply(to request: ChatRequest, receive: (ChatUpdate) async throws -> Void) async throws -> ChatReplyEnd {
            if !text.isEmpty { try await receive(.text(ByteBuffer(string: text))) }
            throw ChatModelError(.rateLimited)
        }
    }

    @Test func theFirstIsOutermost() async throws {
        let model = EchoModel().with(Naming(name: "1"), Naming(name: "2"))
        #expect(try await model.pieces("x").pieces.joined() == "You said: x12")
    }

    @Test func contentIsLoggedOnlyWhenAsked() async throws {
        for logsContent in [false, true] {
            let recorder = LogRecorder()
            let model = EchoModel().with(LoggingMiddleware(logger: recorder.logger, logsContent: logsContent))
            _ = try await model.pieces("my prompt")
            #expect(recorder.text.contains("Model replied") && recorder.text.contains("bytes"))
            #expect(recorder.text.contains("my prompt") == logsContent)
        }
    }

    @Test func whatHasBegunIsNotAskedAgain() async throws {
        for (text, failures) in [("", 3), ("a", 1)] {
            let recorder = LogRecorder()
            let policy = RetryPolicy(baseDelay: .milliseconds(1))
            let model = RefusingModel(text: text).with(RetryMiddleware(policy: policy, logger: recorder.logger))
            #expect(try await model.failure().code == .rateLimited)
            #expect(recorder.text.split(separator: "\n").count == failures)
        }
    }

    @Test func nothingIsAskedAgainWhenTheTimeIsOver() async throws {
        let recorder = LogRecorder()
        let policy = RetryPolicy(baseDelay: .seconds(2), budget: .seconds(1))
        let model = RefusingModel(text: "").with(RetryMiddleware(policy: policy, logger: recorder.logger))
        #expect(try await model.failure().code == .rateLimited)
        #expect(recorder.text.split(separator: "\n").count == 1)
    }

    @Test func aRateIsKept() async throws {
        let model = EchoModel().with(RateLimitMiddleware(requestsPerMinute: 1, burst: 2))
        for _ in 0..<2 { _ = try await model.pieces("x") }
        let error = try await model.failure()
        #expect(error.code == .rateLimited && error.retryable)
        let wait = try #require(error.retryAfter)
        #expect(wait > .seconds(50) && wait <= .seconds(60))
    }

    @Test func noMoreAtOnceThanAllowed() async throws {
        let model = SyntheticModel(eventLoopGroup: .singletonMultiThreadedEventLoopGroup)
            .with(RateLimitMiddleware(requestsPerMinute: 6000, maximumConcurrent: 1))
        let hasBegun = Mutex(false)
        let first = Task {
            let request = ChatRequest(messages: [ChatMessage(role: .user, text: "chunks=1000,interval=10ms")])
            _ = try await model.reply(to: request) { _ in hasBegun.withLock { $0 = true } }
        }
        try await eventually { hasBegun.withLock { $0 } }
        #expect(try await model.failure().code == .rateLimited)
        first.cancel()
        _ = await first.result
        #expect(try await model.pieces("chunks=1,interval=0ms").pieces.count == 1)
    }
}
