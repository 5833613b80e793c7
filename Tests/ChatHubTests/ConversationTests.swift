import ChatModels
import ChunkStreams
import HubBackplane
import HubTesting
import Logging
import Testing

@testable import ChatHub

/// A model that replies in a conversation is told what was said in it before, whichever worker asks it.
@Suite(.timeLimit(.minutes(1))) struct ConversationTests {
    private struct Options: Encodable { let conversationId: String }
    private struct Asked: Decodable { let messageId: String, finish: String }
    private struct Receipt: Decodable { let status: String }

    @Test func anyWorkerGoesOnWithIt() async throws {
        let model = RecordingModel()
        try await ChatNodes.run(workers: model, model) { nodes in
            let options = Options(conversationId: "trip-1")
            for question in ["one", "two", "three"] {
                let client = try await HubTestClient.connect(to: nodes.edge)
                #expect(
                    try await client.invoke("AskAi", question, options, returning: Asked.self).finish == "completed")
            }
            let client = try await HubTestClient.connect(to: nodes.edge)
            for options in [Options(conversationId: "other"), nil] {
                _ = try await client.invoke("AskAi", "elsewhere", options, returning: Asked.self)
            }
        }
        #expect(
            model.told == [
                ["user: one"], ["user: one", "assistant: re: one", "user: two"],
                ["user: one", "assistant: re: one", "user: two", "assistant: re: two", "user: three"],
                ["user: elsewhere"], ["user: elsewhere"],
            ])
    }

    /// What was shown of a reply that somebody stopped is part of it, what a model that failed has said is not.
    @Test func aReplyThatWasStoppedIsKept() async throws {
        let model = RecordingModel()
        try await ChatNodes.run(workers: model) { nodes in
            let client = try await HubTestClient.connect(to: nodes.edge)
            let options = Options(conversationId: "c")
            _ = try? await client.invoke("AskAi", "fail", options, returning: Asked.self)
            _ = try await client.next("partial")
            async let stopped = client.invoke("AskAi", "for ever", options, returning: Asked.self)
            let id = try await client.next("partial").argument(0, as: String.self)
            let other = try await HubTestClient.connect(to: nodes.edge)
            #expect(try await other.invoke("Stop", id, returning: Receipt.self).status == "stopped")
            #expect(try await stopped.finish == "stopped")
            // The turn is written down behind the end.
            while model.told.last?.count != 3 {
                _ = try await client.invoke("AskAi", "after", Options(conversationId: "c"), returning: Asked.self)
            }
        }
        #expect(model.told.last == ["user: for ever", "assistant: re: for ever", "user: after"])
    }

    @Test(arguments: ["", "a b", "ä", "a:b", String(repeating: "a", count: 65)])
    func anIdOfAnotherFormIsRefused(id: String) async throws {
        #expect(ConversationID(id) == nil)
        try await ChatNodes.run(workers: EchoModel()) { nodes in
            let client = try await HubTestClient.connect(to: nodes.edge)
            await #expect(throws: (any Error).self) {
                try await client.invoke("AskAi", "hello", Options(conversationId: id), returning: Asked.self)
            }
        }
    }

    // MARK: Bounds

    private let id = ConversationID("c")

    private func conversations(turns: Int = 20, bytes: Int = 1000) -> Conversations {
        var configuration = ConversationConfiguration()
        configuration.maximumTurns = turns
        configuration.maximumBytes = bytes
        return Conversations(
            backplane: InMemoryBackplane(), names: BackplaneNames(app: "test"), configuration: configuration,
            logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
    }

    @Test func itIsItsUsers() async throws {
        let (all, id) = (conversations(), try #require(id))
        await all.add(ConversationTurn(prompt: "a", reply: "1"), to: id, owner: "ada")
        await all.add(ConversationTurn(prompt: "n", reply: "2"), to: id, owner: nil)
        #expect(try await all.history(of: id, owner: "ada").map(\.text) == ["a", "1"])
        #expect(try await all.history(of: id, owner: nil).map(\.text) == ["n", "2"])
        #expect(try await all.history(of: id, owner: "bob").isEmpty)
    }

    @Test func theLastTurnsAreTold() async throws {
        let (few, id) = (conversations(turns: 2), try #require(id))
        for number in 1...5 {
            await few.add(ConversationTurn(prompt: "\(number)", reply: "r"), to: id, owner: nil)
        }
        #expect(try await few.history(of: id, owner: nil).map(\.text) == ["4", "r", "5", "r"])
        let short = conversations(bytes: 10)
        for prompt in ["123456", "12345678", "1"] {
            await short.add(ConversationTurn(prompt: prompt, reply: "r"), to: id, owner: nil)
        }
        #expect(try await short.history(of: id, owner: nil).map(\.text) == ["1", "r"])
        await short.add(ConversationTurn(prompt: "1234", reply: "ä👋🏽and more"), to: id, owner: nil)
        #expect(try await short.history(of: id, owner: nil).map(\.text) == ["1234", "ä👋"])
    }

    @Test func noneOfManyAtOnceIsLost() async throws {
        let (all, id) = (conversations(turns: 100, bytes: 10_000), try #require(id))
        await withDiscardingTaskGroup { group in
            for number in 1...15 {
                group.addTask {
                    await all.add(ConversationTurn(prompt: "\(number)", reply: ""), to: id, owner: nil)
                }
            }
        }
        let prompts = try await all.history(of: id, owner: nil).map(\.text).filter { !$0.isEmpty }
        #expect(Set(prompts) == Set((1...15).map(String.init)) && prompts.count == 15)
    }
}
