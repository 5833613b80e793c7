import ChatModels
import HubTesting
import Testing

@testable import ChatHub

/// `StreamAi` on one node, the model on another.
@Suite(.timeLimit(.minutes(1))) struct StreamAiTests {
    @Test func streamsTheTextThatAnotherNodeProduces() async throws {
        try await ChatNodes.run(workers: EchoModel()) { nodes in
            let client = try await HubTestClient.connect(to: nodes.edge)
            let pieces = try await client.stream("StreamAi", "Grüße 👋🏽", of: String.self)
            #expect(pieces.joined() == "You said: Grüße 👋🏽")
        }
    }

    @Test func endsWithTheCodeAndTheMessageOfAFailure() async throws {
        try await ChatNodes.run(workers: FailingModel(error: FailingModel.away)) { nodes in
            let client = try await HubTestClient.connect(to: nodes.edge)
            let error = await #expect(throws: HubTestError.self) {
                try await client.stream("StreamAi", "hello", of: String.self)
            }
            guard case .invocationFailed(let text) = error else { Issue.record("\(error as Any)"); return }
            #expect(text.hasSuffix("model_unavailable: The model cannot be reached."))
        }
    }
}
