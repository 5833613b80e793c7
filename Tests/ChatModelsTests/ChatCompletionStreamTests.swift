import NIOCore
import Testing

@testable import ChatModels

@Suite struct ChatCompletionStreamTests {
    private struct Outcome: Equatable {
        var text: [String] = []
        var retractions: [ChatRetraction] = []
        var end: ChatReplyEnd?
        var failure: ChatModelError.Code?
    }

    /// What becomes of a stream of these events, and the end of the body after them.
    private func outcome(_ events: [String]) -> Outcome {
        var stream = ChatCompletionStreamStateMachine()
        var outcome = Outcome()
        for action in events.map({ stream.receive(event: Array($0.utf8)) }) + [stream.receiveEndOfBody()] {
            switch action {
            case .deliver(let text): outcome.text.append(String(buffer: text))
            case .retract(let retraction): outcome.retractions.append(retraction)
            case .ignore: break
            case .end(let end): outcome.end = ChatReplyEnd(finish: end.finish, usage: end.usage)
            case .fail(let failure): outcome.failure = failure.code
            }
        }
        return outcome
    }

    private func text(_ text: String) -> String { FakeModelServer.Step.textFrame(text) }
    private func finish(_ reason: String) -> String { FakeModelServer.Step.finishFrame(reason) }

    @Test func readsAReplyToItsEnd() {
        let usage =
            #"{"choices":[],"usage":{"prompt_tokens":3,"prompt_tokens_details":{"cached_tokens":1},"completion_tokens":2,"completion_tokens_details":{"reasoning_tokens":0},"total_tokens":5}}"#
        #expect(
            outcome([text("a"), text("b"), finish("stop"), usage, "[DONE]"])
                == Outcome(
                    text: ["a", "b"],
                    end: ChatReplyEnd(
                        finish: .stop,
                        usage: TokenUsage(inputTokens: 3, outputTokens: 2, cachedInputTokens: 1, reasoningTokens: 0))))
    }

    @Test(arguments: [
        ("stop", ChatReplyEnd.FinishReason.stop), ("length", .length), ("content_filter", .contentFilter),
        ("tool_calls", .other("tool_calls")), ("abort", .other("abort")),
    ])
    func tellsFinishReasonsApart(word: String, expected: ChatReplyEnd.FinishReason) {
        #expect(outcome([text("a"), finish(word), "[DONE]"]).end?.finish == expected)
    }

    @Test func theEndOfTheBodyEndsAFinishedReply() {
        #expect(outcome([text("a"), finish("stop")]) == Outcome(text: ["a"], end: ChatReplyEnd(finish: .stop)))
    }

    @Test(arguments: [[], ["[DONE]"]])
    func aReplyWithoutFinishReasonIsTruncated(last: [String]) {
        #expect(outcome([text("a")] + last) == Outcome(text: ["a"], failure: .truncated))
        #expect(outcome([#"{"choices":[{"delta":{"content":"a"},"finish_reason":""}]}"#] + last).failure == .truncated)
        #expect(outcome(last).failure == .truncated)
    }

    @Test(arguments: [
        #"{"id":"","choices":[],"prompt_filter_results":[{"prompt_index":0}]}"#,
        #"{"id":"","object":"","created":0,"model":"","choices":[{"index":0,"finish_reason":null,"content_filter_offsets":{}}]}"#,
        #"{"choices":[{"index":0,"delta":{"role":"assistant","content":null},"finish_reason":null}]}"#,
        #"{"choices":[{"index":0,"delta":{"content":""},"finish_reason":null}]}"#,
        #"{"choices":[{"index":0,"delta":{},"finish_reason":null}],"timings":{"x":1}}"#,
        #"{"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"t","function":{"name":"f","arguments":"{"}}]}}]}"#,
        #"{"choices":[{"index":0,"delta":{"reasoning_content":"hm"}}]}"#,
        #"{"choices":[{"index":1,"delta":{"content":"other choice"},"finish_reason":"length"}]}"#,
        #"{"choices":null,"usage":null,"error":null}"#,
        #"{}"#,
    ])
    func framesWithoutTextAreNotDelivered(frame: String) {
        #expect(
            outcome([frame, text("a"), frame, finish("stop"), frame, "[DONE]"])
                == Outcome(text: ["a"], end: ChatReplyEnd(finish: .stop)))
    }

    @Test func aRefusalIsText() {
        let refusal = #"{"choices":[{"index":0,"delta":{"refusal":"I cannot."}}]}"#
        #expect(outcome([refusal, finish("stop")]).text == ["I cannot."])
    }

    @Test func textInTheFinishingFrameIsDelivered() {
        let last = #"{"choices":[{"index":0,"delta":{"role":"assistant","content":"z"},"finish_reason":"stop"}]}"#
        #expect(outcome([text("a"), last]) == Outcome(text: ["a", "z"], end: ChatReplyEnd(finish: .stop)))
    }

    @Test func theFiltersVerdictOutweighsTheModelsReason() {
        let verdict = #"{"id":"","choices":[{"index":0,"finish_reason":"content_filter","content_filter_results":{}}]}"#
        #expect(outcome([text("a"), finish("stop"), verdict, "[DONE]"]).end?.finish == .contentFilter)
        #expect(outcome([text("a"), verdict, finish("stop"), "[DONE]"]).end?.finish == .contentFilter)
    }

    @Test(arguments: [
        (#"{"error":{"code":500,"message":"m","type":"server_error"}}"#, ChatModelError.Code.unavailable),
        (#"{"error":{"object":"error","message":"m","type":"BadRequestError","code":400}}"#, .badRequest),
        (#"{"object":"error","message":"m","type":"BadRequestError","param":null,"code":400}"#, .badRequest),
        (#"{"error":{"code":"429","message":"m"}}"#, .rateLimited),
        (#"{"error":{"code":"rate_limit_exceeded","message":"m"}}"#, .rateLimited),
        (#"{"error":{"code":"content_filter","message":"m"}}"#, .contentFilter),
        (#"{"error":{"message":"m","type":"insufficient_quota"}}"#, .quotaExceeded),
        (#"{"error":{"message":"m","type":"invalid_request_error","code":"context_length_exceeded"}}"#, .contextLength),
        (#"{"error":{"message":"m","type":"server_error","code":null}}"#, .failed),
        (#"{"error":"m"}"#, .failed),
        (#"{"choices":[],"error":{"message":"m"}}"#, .failed),
        ("not json", .badResponse),
        (#"{"choices":"#, .badResponse),
        (#"{"choices":[{"index":0,"delta":{"content":7}}]}"#, .badResponse),
    ])
    func anErrorInTheStreamFailsTheReply(frame: String, code: ChatModelError.Code) {
        #expect(outcome([text("a"), frame]) == Outcome(text: ["a"], failure: code))
        #expect(outcome([text("a"), frame, text("b"), "[DONE]"]) == Outcome(text: ["a"], failure: code))
    }
}
