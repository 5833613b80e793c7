import ChatModels
import ChunkStreams
import Foundation
import HubBackplane
import HubProtocol
import HubServer
import HubTesting
import Logging
import NIOCore
import Synchronization
import Testing

@testable import ChatHub

/// The chat hub as clients use it, on one node, without sockets.
@Suite(.timeLimit(.minutes(1))) struct ChatHubTests {
    private struct Asked: Decodable { let messageId: String, finish: String }
    private struct Resumed: Decodable { let status: String, finish: String? }

    /// Runs a node whose model is `model`.
    private func withChat(
        _ model: any ChatModel, configuration: ChatHubConfiguration = ChatHubConfiguration(),
        options: HubOptions = HubOptions(),
        _ body: @escaping @Sendable (HubEndpoint) async throws -> Void
    ) async throws {
        let logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
        let (backplane, names, node) = (InMemoryBackplane(), BackplaneNames(app: "test"), NodeID())
        let leases = NodeLeases(backplane: backplane, node: node, logger: logger)
        let server = HubServer(
            backplane: backplane, names: names, node: node, leases: leases, options: options, logger: logger)
        let streams = ChunkStreams(backplane: backplane, names: names, leases: leases, logger: logger)
        let chat = ChatHub(
            configuration: configuration, model: model, streams: streams, backplane: backplane, names: names,
            leases: leases, logger: logger)
        let endpoint = server.mount(chat.hub(), at: "/chat")
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await leases.run() }
            group.addTask { try await streams.run() }
            group.addTask { try await chat.run() }
            defer { group.cancelAll() }
            try await body(endpoint)
        }
        await server.shutdown()
    }

    @Test func anAskReturnsWhenItsReplyHasEnded() async throws {
        try await withChat(EchoModel()) { endpoint in
            let client = try await HubTestClient.connect(to: endpoint)
            let asked = try await client.invoke("AskAi", "hello", returning: Asked.self)
            #expect(asked.finish == "completed" && ChunkStreamID(asked.messageId) != nil)
        }
    }

    /// A client with as many running asks as it may have can still stop them; before, its Stop waited for one of them to end.
    @Test func aStopGetsPastRunningAsks() async throws {
        var options = HubOptions()
        options.maximumParallelStreamsPerClient = 12
        try await withChat(EndlessModel(), options: options) { endpoint in
            let client = try await HubTestClient.connect(to: endpoint)
            var asks: [String] = []
            for _ in 0..<12 {
                asks.append(try await client.begin("AskAi", [ByteBuffer(string: "\"hello\"")], asStream: false))
            }
            let error = await #expect(throws: HubTestError.self) { try await client.invoke("AskAi", "one too many") }
            #expect("\(String(describing: error))".contains("HubException: The client has as many"))
            // All of them first: a stopped reply tells once more that it types, no longer.
            var ids: [String] = []
            for _ in asks { ids.append(try await client.next("typing").argument(0, as: String.self)) }
            for id in ids {
                #expect(try await client.invoke("Stop", id, returning: Resumed.self).status == "stopped")
            }
            for ask in asks {
                let result = try #require(try await client.completion(of: ask))
                #expect(try JSONDecoder().decode(Asked.self, from: Data(result.readableBytesView)).finish == "stopped")
            }
        }
    }

    @Test func aFailingModelIsTold() async throws {
        try await withChat(FailingModel(error: FailingModel.away)) { endpoint in
            let client = try await HubTestClient.connect(to: endpoint)
            let asked = try await client.invoke("AskAi", "hello", returning: Asked.self)
            #expect(asked.finish == "failed")
        }
    }

    @Test(arguments: ["", " \n\t"]) func anEmptyPromptIsRefused(prompt: String) async throws {
        try await withChat(EchoModel()) { endpoint in
            let client = try await HubTestClient.connect(to: endpoint)
            let error = await #expect(throws: HubTestError.self) {
                _ = try await client.invoke("AskAi", prompt, returning: Asked.self)
            }
            #expect("\(String(describing: error))".contains("HubException: The prompt is empty."))
        }
    }

    @Test func aReplyIsItsOwners() async throws {
        try await withChat(EchoModel()) { endpoint in
            let ada = try await HubTestClient.connect(to: endpoint, userID: "ada")
            let bob = try await HubTestClient.connect(to: endpoint, userID: "bob")
            let anna = try await HubTestClient.connect(to: endpoint, userID: "ada")
            let asked = try await ada.invoke("AskAi", "hello", returning: Asked.self)
            for method in ["Resume", "Stop"] {
                let refused =
                    method == "Resume"
                    ? try await bob.invoke(method, asked.messageId, 0, returning: Resumed.self)
                    : try await bob.invoke(method, asked.messageId, returning: Resumed.self)
                #expect(refused.status == "forbidden")
            }
            let resumed = try await anna.invoke("Resume", asked.messageId, 0, returning: Resumed.self)
            #expect(resumed.status == "ended" && resumed.finish == "completed")
            let stopped = try await anna.invoke("Stop", asked.messageId, returning: Resumed.self)
            #expect(stopped.status == "alreadyEnded")
        }
    }

    @Test func unknownRepliesAreGone() async throws {
        try await withChat(EchoModel()) { endpoint in
            let client = try await HubTestClient.connect(to: endpoint)
            for id in [ChunkStreamID().rawValue, "nonsense", ""] {
                #expect(try await client.invoke("Resume", id, 0, returning: Resumed.self).status == "gone")
                #expect(try await client.invoke("Stop", id, returning: Resumed.self).status == "gone")
            }
        }
    }

    /// Hangs up in the middle of a stream, wherever the hub is with it: the reply must stop, or its model would go on.
    @Test func aStreamThatIsDroppedStopsItsReply() async throws {
        let model = EndlessModel()
        try await withChat(model) { endpoint in
            let client = try await HubTestClient.connect(to: endpoint)
            let id = try await client.begin("StreamAi", [ByteBuffer(string: "\"hello\"")], asStream: true)
            while model.running.load(ordering: .acquiring) == 0 { try await Task.sleep(for: .milliseconds(1)) }
            try await client.send(.cancelInvocation(id: id))
            while model.running.load(ordering: .acquiring) > 0 { try await Task.sleep(for: .milliseconds(1)) }
        }
    }

    @Test func aResumeBesideItsAskSendsNothingTwice() async throws {
        try await withChat(EndlessModel(chunks: 300)) { endpoint in
            let client = try await HubTestClient.connect(to: endpoint)
            async let asked = client.invoke("AskAi", "hello", returning: Asked.self)
            let id = try await client.next("typing").argument(0, as: String.self)
            var text = ""
            for _ in 0..<20 {
                let partial = try await client.next("partial")
                text += try partial.argument(1, as: String.self)
                let cursor = try partial.argument(2, as: Int.self)
                let resumed = try await client.invoke("Resume", id, cursor, returning: Resumed.self)
                #expect(["resumed", "ended"].contains(resumed.status))
            }
            #expect(try await asked.finish == "completed")
            for case .invocation(let call) in client.inbox.messages where call.target == "partial" {
                text += try JSONDecoder().decode(String.self, from: Data(call.arguments[1].readableBytesView))
            }
            #expect(text == (1...300).map { "\($0) " }.joined())
        }
    }
}

/// A model that counts, a number a millisecond.
private final class EndlessModel: ChatModel {
    let running = Atomic(0)
    private let chunks: Int

    init(chunks: Int = .max) { self.chunks = chunks }

    func reply(to request: ChatRequest, receive: (ChatUpdate) async throws -> Void) async throws -> ChatReplyEnd {
        running.add(1, ordering: .acquiringAndReleasing)
        defer { running.subtract(1, ordering: .acquiringAndReleasing) }
        for number in 1...chunks {
            try await receive(.text(ByteBuffer(string: "\(number) ")))
            try await Task.sleep(for: .milliseconds(1))
        }
        return ChatReplyEnd(finish: .stop)
    }
}
