import ChatModels
import ChunkStreams
import HubBackplane
import InMemoryLogging
import Logging
import Testing

@testable import ChatHub

/// What is logged of a reply: why it failed, and neither the id, with which it could be resumed and stopped, nor its text.
@Suite(.timeLimit(.minutes(1))) struct ReplyLogTests {
    private struct Unforeseen: Error, CustomStringConvertible {
        let description = "cannot say: secret question"
    }

    @Test func tellsTheCodeOfAFailure() async throws {
        let logged = try await logged(FailingModel(error: FailingModel.away))
        #expect(logged == ["error": "model_unavailable"])
    }

    @Test func tellsOnlyTheTypeOfAnErrorThatNobodyForesaw() async throws {
        let logged = try await logged(FailingModel(error: Unforeseen()))
        #expect(logged == ["error": "internal", "type": "Unforeseen"])
    }

    @Test func tellsTheTextOfACompletedReplyOnlyWhereThatIsWished() async throws {
        var configuration = ChatHubConfiguration()
        let silent = try await log(of: EchoModel(), configuration)
        #expect(silent.entries.allSatisfy { !"\($0)".contains("secret") })
        configuration.logsReplies = true
        let lines = try await log(of: EchoModel(), configuration).entries.filter { $0.metadata["text"] != nil }
        #expect(lines.map { $0.metadata["text"] } == ["You said: secret question"])
        let failing = try await log(of: FailingModel(error: FailingModel.away), configuration)
        #expect(failing.entries.allSatisfy { $0.metadata["text"] == nil })
    }

    /// The metadata of the one line about a reply that failed, but its stream.
    private func logged(_ model: FailingModel) async throws -> [String: String] {
        let log = try await log(of: model)
        for entry in log.entries { #expect(!"\(entry.message) \(entry.metadata)".contains("secret")) }
        let lines = log.entries.filter { "\($0.message)" == "A reply failed" }
        #expect(lines.count == 1)
        var metadata = try #require(lines.first).metadata.mapValues { "\($0)" }
        #expect(metadata.removeValue(forKey: "stream")?.count == 8)
        return metadata
    }

    private func log(of model: some ChatModel, _ configuration: ChatHubConfiguration = .init()) async throws
        -> InMemoryLogHandler
    {
        let log = InMemoryLogHandler()
        var logger = Logger(label: "test") { _ in log }
        logger.logLevel = .trace
        let (backplane, names) = (InMemoryBackplane(), BackplaneNames(app: "test"))
        let leases = NodeLeases(backplane: backplane, node: NodeID(), logger: logger)
        let streams = ChunkStreams(backplane: backplane, names: names, leases: leases, logger: logger)
        let worker = ReplyWorker(
            model: model, configuration: configuration,
            conversations: Conversations(
                backplane: backplane, names: names, configuration: configuration.conversations, logger: logger),
            groups: GroupLog(backplane: backplane, names: names, configuration: configuration.groups),
            gate: ReplyGate(limits: configuration.limits, backplane: backplane, names: names, logger: logger),
            streams: streams, executor: nil, logger: logger)
        let ask = Ask(id: ChunkStreamID(), meta: ReplyMeta(owner: nil), prompt: "secret question")
        let leasing = Task { try await leases.run() }
        defer { leasing.cancel() }
        while leases.term == nil { try await Task.sleep(for: .milliseconds(1)) }
        try await streams.create(ask.id, meta: ask.meta.payload)
        await worker.run(ask, producer: try #require(try await worker.open(ask)))
        for entry in log.entries { #expect(!"\(entry.message) \(entry.metadata)".contains(ask.id.rawValue)) }
        return log
    }
}
