import NIOCore
import Testing

@testable import ChatModels

/// Azure's annotations, in all their spellings.
@Suite(.timeLimit(.minutes(1))) struct AzureFilterTests {
    private func actions(_ events: [String]) -> [ReplyStreamAction] {
        var stream = ChatCompletionStreamStateMachine()
        return (events.map { stream.receive(event: Array($0.utf8)) } + [stream.receiveEndOfBody()]).filter {
            $0 != .ignore
        }
    }

    private func text(_ text: String) -> String { FakeModelServer.Step.textFrame(text) }

    private static let prompt = #"{"id":"","model":"","choices":[],"prompt_filter_results":[{"prompt_index":0}]}"#

    private func annotation(_ results: String, start: Int, finish: String = "null") -> String {
        #"{"id":"","model":"","choices":[{"index":0,"finish_reason":\#(finish),"content_filter_results":{\#(results)},"#
            + #""content_filter_offsets":{"check_offset":\#(start),"start_offset":\#(start),"end_offset":900}}]}"#
    }

    private static let hate = #""hate":{"filtered":true,"severity":"high"}"#
    private static let safe = #""hate":{"filtered":false,"severity":"safe"}"#

    @Test func aBlockTakesBackWhatLiesBehindItsPlace() {
        let events = [
            Self.prompt, text("Grüße 😀"), annotation(Self.safe, start: 31), text(", bad"),
            annotation(Self.hate, start: 31 + 8, finish: #""content_filter""#), text("more"), "[DONE]",
        ]
        // Eight UTF-16 units are twelve bytes.
        #expect(
            actions(events) == [
                .deliver(ByteBuffer(string: "Grüße 😀")), .deliver(ByteBuffer(string: ", bad")),
                .retract(ChatRetraction(keepBytes: 12, category: "hate")),
                .end(ChatReplyEnd(finish: .contentFilter, responseID: "c1")),
            ])
    }

    @Test func aBlockThatIsTheFirstWordOfTheFilterTakesBackAll() {
        let events = [Self.prompt, text("bad"), annotation(Self.hate, start: 31), "[DONE]"]
        #expect(actions(events)[1] == .retract(ChatRetraction(keepBytes: 0, category: "hate")))
    }

    /// It comes after the model's own finish reason.
    @Test func aBlockAfterStopCounts() {
        let stop = FakeModelServer.Step.finishFrame("stop")
        let events = [Self.prompt, text("bad"), stop, annotation(Self.hate, start: 31), "[DONE]"]
        #expect(actions(events).last == .end(ChatReplyEnd(finish: .contentFilter, responseID: "c1")))
    }

    @Test func inDefaultModeABlockTakesNothingBack() {
        let block =
            #"{"id":"c1","choices":[{"index":0,"delta":{},"finish_reason":"content_filter","content_filter_results":{\#(Self.hate)}}]}"#
        #expect(
            actions([Self.prompt, text("good"), block, "[DONE]"]) == [
                .deliver(ByteBuffer(string: "good")), .end(ChatReplyEnd(finish: .contentFilter, responseID: "c1")),
            ])
    }

    @Test(arguments: [
        #""custom_blocklists":[{"id":"list1","filtered":true}]"#,
        #""custom_blocklists":{"filtered":true,"details":[{"id":"list1","filtered":true}]}"#,
        #""self-harm":{"filtered":true}"#, #""protected_material_text":{"detected":true,"filtered":true}"#,
        #""hate":{"filtered":false},"purview":{"filtered":true}"#,
    ])
    func blockingIsWhatIsFiltered(results: String) {
        #expect(
            actions([Self.prompt, text("x"), annotation(results, start: 1), "[DONE]"]).contains { action in
                if case .retract(let retraction) = action { !retraction.category.contains("-") } else { false }
            })
    }

    @Test(arguments: [
        #""profanity":{"detected":true,"filtered":false}"#, #""error":{"code":"content_filter_error"}"#, #""odd":7"#,
    ])
    func whatIsOnlyNotedBlocksNothing(results: String) {
        let events = [Self.prompt, text("x"), annotation(results, start: 1), FakeModelServer.Step.finishFrame("stop")]
        #expect(actions(events).last == .end(ChatReplyEnd(finish: .stop, responseID: "c1")))
    }

    @Test func aFilterThatDidNotRunIsTold() {
        var stream = ChatCompletionStreamStateMachine()
        let results = #""error":{"code":"content_filter_error","message":"x"}"#
        _ = stream.receive(event: Array(annotation(results, start: 0).utf8))
        #expect(stream.isUnfiltered)
    }

    @Test(arguments: [
        #"{"error":{"code":"content_filter","innererror":{"code":"ResponsibleAIPolicyViolation","content_filter_result":{"jailbreak":{"filtered":true,"detected":true},"hate":{"filtered":false}}}}}"#,
        #"{"error":{"code":"content_filter","innererror":{"content_filter_results":{"jailbreak":{"filtered":true}}}}}"#,
        #"{"error":{"code":"content_filter","inner_error":{"content_filter_result":{"jailbreak":{"filtered":true}}}}}"#,
        #"{"error":{"code":"content_filter","inner_error":{"content_filter_results":{"jailbreak":{"filtered":true}}}}}"#,
        #"{"error":{"type":"invalid_request_error","content_filters":[{"blocked":true,"content_filter_results":{"jailbreak":{"filtered":true}}}]}}"#,
    ])
    func aBlockedPromptTellsItsCategories(body: String) async throws {
        try await FakeModelServer.run([.response("400 Bad", body)]) { server in
            try await withModel(of: server) { model in
                let error = try await model.failure()
                #expect(error.code == .contentFilter && error.categories == ["prompt_attack"])
                #expect(!error.retryable)
            }
        }
    }
}
