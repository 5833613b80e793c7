import ChatModels
import ChunkStreams
import Foundation
import HubTesting
import Testing

@testable import ChatHub

/// Replies whose ids their clients choose.
@Suite(.timeLimit(.minutes(1))) struct MessageIDTests {
    private struct Options: Encodable { let messageId: String }
    private struct Asked: Decodable { let messageId: String, finish: String }
    private struct Answer: Decodable { let status: String }

    private let id = ChunkStreamID().rawValue
    private var options: Options { Options(messageId: id) }

    @Test func aReplyHasTheIdThatItsClientChose() async throws {
        try await ChatNodes.run(workers: EchoModel()) { [options, id] nodes in
            let client = try await HubTestClient.connect(to: nodes.edge)
            let asked = try await client.invoke("AskAi", "hello", options, returning: Asked.self)
            #expect(asked.messageId == id && asked.finish == "completed")
            #expect(try client.events() == ["typing true", "typing false", "completed", "You said: hello"])
            #expect(try await client.next("typing").argument(0, as: String.self) == id)
        }
    }

    /// What is streamed as a SignalR stream can be resumed and stopped by the id, too.
    @Test func aStreamHasTheIdThatItsClientChose() async throws {
        try await ChatNodes.run(workers: EchoModel()) { [options, id] nodes in
            let client = try await HubTestClient.connect(to: nodes.edge)
            let pieces = try await client.stream("StreamAi", "hello", options, of: String.self)
            #expect(pieces.joined() == "You said: hello")
            let other = try await HubTestClient.connect(to: nodes.edge)
            #expect(try await other.invoke("Resume", id, 0, returning: Answer.self).status == "ended")
            #expect(try await other.next("partial").argument(0, as: String.self) == id)
        }
    }

    @Test(arguments: [
        "", "0123456789abcdef0123456789abcde", "0123456789abcdef0123456789abcdef0", "0123456789ABCDEF0123456789ABCDEF",
        "0123456789abcdef0123456789abcdeg", "{0123456789abcdef0123456789abcd}",
    ]) func anIdOfAnotherFormIsRefused(messageId: String) async throws {
        try await ChatNodes.run(workers: EchoModel()) { nodes in
            let client = try await HubTestClient.connect(to: nodes.edge)
            for method in ["AskAi", "StreamAi"] {
                let refusal = await refusal(of: method, Options(messageId: messageId), by: client)
                #expect(
                    refusal.hasSuffix("HubException: The message id is not one: it takes 32 lower-case hex digits."))
            }
        }
    }

    /// While the reply is produced, and when it has ended.
    @Test func anIdInUseIsRefused() async throws {
        let silent = SilentModel()
        try await ChatNodes.run(workers: silent) { [options, id] nodes in
            let client = try await HubTestClient.connect(to: nodes.edge)
            async let asked = client.invoke("AskAi", "hello", options, returning: Asked.self)
            _ = try await client.next("typing")
            let other = try await HubTestClient.connect(to: nodes.edge)
            for (method, caller) in [("AskAi", client), ("StreamAi", client), ("AskAi", other), ("StreamAi", other)] {
                #expect(await refusal(of: method, options, by: caller).hasSuffix("The message id is in use."))
            }
            #expect(try await other.invoke("Stop", id, returning: Answer.self).status == "stopped")
            #expect(try await asked.finish == "stopped")
            #expect(await refusal(of: "AskAi", options, by: other).hasSuffix("The message id is in use."))
            #expect(try client.events() == ["typing false", "completed", ""])
            #expect(other.inbox.messages.isEmpty)
        }
    }

    /// A client that knows the id may stop what nobody has begun to produce.
    @Test func aStopThatIsQuickerThanTheWorkerIsTheEnd() async throws {
        try await ChatNodes.run(workers: EchoModel()) { [options, id] nodes in
            nodes.backplanes[0].change { $0.losesItems = true }
            let client = try await HubTestClient.connect(to: nodes.edge)
            async let asked = client.invoke("AskAi", "hello", options, returning: Asked.self)
            _ = try await client.next("typing")
            #expect(try await client.invoke("Stop", id, returning: Answer.self).status == "stopped")
            #expect(try await asked.finish == "stopped")
        }
    }

    /// The client was told so; another connection that knows the id would wait for ever.
    @Test func anAskThatCouldNotBePlacedHasAnEnd() async throws {
        try await ChatNodes.run(workers: EchoModel()) { [options, id] nodes in
            nodes.backplanes[0].change { $0.refusesItems = true }
            let client = try await HubTestClient.connect(to: nodes.edge)
            #expect(try await client.invoke("AskAi", "hello", options, returning: Asked.self).finish == "failed")
            let other = try await HubTestClient.connect(to: nodes.edge)
            _ = try await other.invoke("Resume", id, 0, returning: Answer.self)
            struct Problem: Decodable { let code: String }
            #expect(try await other.next("failed").argument(1, as: Problem.self).code == "unavailable")
        }
    }

    private func refusal(of method: String, _ options: Options, by client: HubTestClient) async -> String {
        let error = await #expect(throws: HubTestError.self) {
            if method == "AskAi" {
                _ = try await client.invoke(method, "hello", options, returning: Asked.self)
            } else {
                _ = try await client.stream(method, "hello", options, of: String.self)
            }
        }
        guard case .invocationFailed(let text) = error else { return "" }
        return text
    }
}
