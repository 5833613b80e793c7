import HubBackplane
import HubTesting
import NIOCore
import Testing

@testable import ChunkStreams

/// Backends whose every request arrives at another node.
@Suite(.timeLimit(.minutes(1))) struct FedStreamsTests {
    func withFeeds(
        _ streams: [ChunkStreams], configuration: FedStreamsConfiguration = .init(),
        _ body: @Sendable ([FedStreams]) async throws -> Void
    ) async throws {
        let feeds = streams.map { FedStreams(streams: $0, configuration: configuration) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for feed in feeds { group.addTask { await feed.run() } }
            defer { group.cancelAll() }
            try await body(feeds)
        }
    }

    func text(_ text: String, at offset: UInt64) -> FedStreamRequest {
        .append(ByteBuffer(string: text), at: offset)
    }

    func position(_ chunks: UInt64, _ bytes: UInt64) -> FedStreamPosition {
        FedStreamPosition(chunks: chunks, bytes: bytes)
    }

    func end(_ finish: StreamFinish, _ text: String, chunks: UInt64, usage: StreamUsage? = nil) -> StreamEnd {
        StreamEnd(
            finish: finish, chunks: chunks, bytes: UInt64(text.utf8.count),
            sha256: sha256(text), usage: usage)
    }

    @Test(arguments: BackplaneKind.allCases) func eachRequestMayArriveAtAnyNode(kind: BackplaneKind) async throws {
        try await withNodes(3, on: kind) { nodes in
            try await withFeeds(nodes) { (feeds) async throws in
                let (id, sink) = (ChunkStreamID(), ReadingSink())
                #expect(try await feeds[0].open(id, meta: ByteBuffer(string: "meta")) == .opened)
                let viewer = nodes[2].view(id, after: .start, sink: sink)
                #expect(await feeds[1].ask(text("zwölf ", at: 0), of: id) == .open(position(1, 7)))
                #expect(await feeds[2].ask(text("chunks", at: 7), of: id) == .open(position(2, 13)))
                #expect(await feeds[0].ask(text("!", at: 13), of: id) == .open(position(3, 14)))
                #expect(await feeds[2].ask(.look, of: id) == .open(position(3, 14)))
                let usage = StreamUsage(inputTokens: 3, outputTokens: 4)
                let whole = end(.completed, "zwölf chunks!", chunks: 3, usage: usage)
                let ending = FedStreamRequest.end(.completed, usage: usage, at: 14)
                #expect(await feeds[1].ask(ending, of: id) == .ended(whole))
                let read = await sink.read(viewer)
                #expect(read.text == "zwölf chunks!" && read.ends == [whole])
                for feed in feeds {
                    #expect(await feed.ask(ending, of: id) == .ended(whole))
                    #expect(await feed.ask(text("more", at: 14), of: id) == .ended(whole))
                }
            }
        }
    }

    @Test func whatComesTwiceOrOutOfTurnIsNotWrittenTwice() async throws {
        try await withNodes(2, on: .memory) { nodes in
            try await withFeeds(nodes) { (feeds) async throws in
                let id = ChunkStreamID()
                _ = try await feeds[0].open(id, meta: ByteBuffer())
                for feed in feeds {
                    #expect(await feed.ask(text("abc", at: 0), of: id) == .open(position(1, 3)))
                    #expect(await feed.ask(text("", at: 3), of: id) == .open(position(1, 3)))
                    #expect(await feed.ask(text("", at: 4), of: id) == .elsewhere(position(1, 3)))
                    #expect(await feed.ask(text("e", at: 4), of: id) == .elsewhere(position(1, 3)))
                    #expect(await feed.ask(text("e", at: .max), of: id) == .elsewhere(position(1, 3)))
                    #expect(await feed.ask(text("axc", at: 0), of: id) == .different(position(1, 3)))
                    #expect(await feed.ask(.end(.completed, at: 2), of: id) == .elsewhere(position(1, 3)))
                }
                // A longer request over a shorter one's text: the rest is new.
                #expect(await feeds[1].ask(text("bcde", at: 1), of: id) == .open(position(2, 5)))
                #expect(
                    await feeds[0].ask(.end(.filtered, at: 5), of: id) == .ended(end(.filtered, "abcde", chunks: 2)))
            }
        }
    }

    @Test func aStoppedStreamTellsItsBackendAtEveryNode() async throws {
        try await withNodes(3, on: .memory) { nodes in
            try await withFeeds(nodes) { (feeds) async throws in
                let id = ChunkStreamID()
                _ = try await feeds[0].open(id, meta: ByteBuffer())
                _ = await feeds[1].ask(text("abc", at: 0), of: id)
                #expect(await nodes[2].stop(id) == .stopped(atSeq: 1))
                for feed in feeds {
                    #expect(await feed.ask(text("d", at: 3), of: id) == .ended(end(.stopped, "abc", chunks: 1)))
                }
            }
        }
    }

    @Test func aBackendThatIsSilentForTooLongIsLost() async throws {
        var configuration = FedStreamsConfiguration()
        configuration.silence = .milliseconds(1500)
        let short = configuration
        try await withNodes(2, on: .memory) { nodes in
            try await withFeeds(nodes, configuration: short) { (feeds) async throws in
                let (silent, alive, sink) = (ChunkStreamID(), ChunkStreamID(), ReadingSink())
                _ = try await feeds[0].open(silent, meta: ByteBuffer())
                _ = try await feeds[0].open(alive, meta: ByteBuffer())
                _ = await feeds[1].ask(text("abc", at: 0), of: silent)
                let viewer = nodes[1].view(silent, after: .start, sink: sink)
                let talking = Task {
                    while !Task.isCancelled {
                        _ = await feeds[1].ask(text("", at: 0), of: alive)
                        _ = await feeds[0].ask(.look, of: silent)
                        try await Task.sleep(for: .milliseconds(200))
                    }
                }
                let lost = end(.failed(.backendLost), "abc", chunks: 1)
                #expect(await sink.read(viewer).ends == [lost])
                talking.cancel()
                #expect(await feeds[1].ask(text("d", at: 3), of: silent) == .ended(lost))
                #expect(await feeds[1].ask(.look, of: alive) == .open(position(0, 0)))
            }
        }
    }

    @Test func aNodeFeedsAsManyStreamsAsItMay() async throws {
        var configuration = FedStreamsConfiguration()
        configuration.maximumStreams = 2
        let few = configuration
        try await withNodes(1, on: .memory) { nodes in
            try await withFeeds(nodes, configuration: few) { (feeds) async throws in
                let ids = (0..<3).map { _ in ChunkStreamID() }
                #expect(try await feeds[0].open(ids[0], meta: ByteBuffer()) == .opened)
                #expect(try await feeds[0].open(ids[0], meta: ByteBuffer()) == .exists)
                #expect(try await feeds[0].open(ids[1], meta: ByteBuffer()) == .opened)
                #expect(try await feeds[0].open(ids[2], meta: ByteBuffer()) == .full)
                _ = await feeds[0].ask(.end(.completed, at: 0), of: ids[0])
                #expect(try await feeds[0].open(ids[2], meta: ByteBuffer()) == .opened)
                await feeds[0].drain(within: .zero, as: .logLost)
                #expect(try await feeds[0].open(ChunkStreamID(), meta: ByteBuffer()) == .full)
                #expect(await feeds[0].ask(.look, of: ids[1]) == .ended(end(.failed(.logLost), "", chunks: 0)))
            }
        }
    }

    @Test func aStreamThatBackendsDoNotFeedIsLeftAlone() async throws {
        try await withNodes(2, on: .memory) { nodes in
            try await withFeeds(nodes) { (feeds) async throws in
                let id = ChunkStreamID()
                let producer = try #require(try await nodes[0].open(id, meta: ByteBuffer()))
                try await producer.append(ByteBuffer(string: "model"))
                for feed in feeds {
                    #expect(await feed.ask(text("x", at: 5), of: id) == .notFed)
                    #expect(await feed.ask(.end(.completed, at: 5), of: id) == .notFed)
                    #expect(await feed.ask(.look, of: id) == .open(position(1, 5)))
                    #expect(try await feed.open(id, meta: ByteBuffer()) == .exists)
                }
                _ = await producer.finish(.completed)
                for feed in feeds { #expect(await feed.ask(text("x", at: 5), of: ChunkStreamID()) == .unknown) }
            }
        }
    }

    @Test func tooMuchTextIsRefusedAndTheStreamGoesOn() async throws {
        var configuration = ChunkStreamsConfiguration()
        configuration.maximumTextBytes = 10
        try await withNodes(1, on: InMemoryBackplane(), configuration: configuration) { nodes in
            try await withFeeds(nodes) { (feeds) async throws in
                let id = ChunkStreamID()
                _ = try await feeds[0].open(id, meta: ByteBuffer())
                _ = await feeds[0].ask(text("12345", at: 0), of: id)
                #expect(await feeds[0].ask(text("123456", at: 5), of: id) == .tooLong(position(1, 5)))
                #expect(await feeds[0].ask(text("12345", at: 5), of: id) == .open(position(2, 10)))
            }
        }
    }

    /// The log takes nothing for a while: the backend is told to ask again, and what it has said is not lost.
    @Test func aBackendWaitsWhileTheLogIsAway() async throws {
        var configuration = ChunkStreamsConfiguration()
        configuration.maximumWaitingBytes = 4
        try await CutOffNodes.run(2, configuration: configuration) { nodes in
            try await withFeeds(nodes.streams) { (feeds) async throws in
                let (id, sink) = (ChunkStreamID(), ReadingSink())
                _ = try await feeds[0].open(id, meta: ByteBuffer())
                nodes.cutOff(0)
                nodes.cutOff(1)
                async let here = feeds[0].ask(text("0123456789", at: 0), of: id)
                #expect(await feeds[1].ask(text("0123456789", at: 0), of: id) == nil)
                nodes.bringBack(0)
                nodes.bringBack(1)
                #expect(await here == .open(position(1, 10)))
                #expect(await feeds[1].ask(text("0123456789", at: 0), of: id) == .open(position(1, 10)))
                let viewer = nodes.streams[1].view(id, after: .start, sink: sink)
                _ = await feeds[1].ask(.end(.completed, at: 10), of: id)
                #expect(await sink.read(viewer).text == "0123456789")
            }
        }
    }

    static let messages: [FedStreamMessage] = {
        let id = ChunkStreamID()
        let position = FedStreamPosition(chunks: 7, bytes: 1 << 40)
        let problem = StreamProblem(code: "code", message: "What has gone wrong", retryable: true)
        let end = StreamEnd(
            finish: .failed(problem), chunks: 1, bytes: 2, sha256: Array(repeating: 3, count: 32),
            usage: StreamUsage(inputTokens: 4, outputTokens: 5))
        let requests: [FedStreamRequest] = [
            .append(ByteBuffer(string: "text"), at: 12), .append(ByteBuffer(), at: 0), .look,
            .end(.failed(problem), usage: end.usage, at: 9), .end(.completed, at: .max),
        ]
        let answers: [FedStreamAnswer] = [
            .open(position), .elsewhere(position), .different(position), .tooLong(position), .ended(end), .notFed,
            .unknown,
        ]
        return requests.map { .request(number: .max, $0, id, asker: NodeID("asker")) }
            + answers.map { .answer(number: 1, $0) }
    }()

    @Test(arguments: messages) func messagesAreReadAsTheyWereWritten(message: FedStreamMessage) {
        let payload = message.payload
        #expect(FedStreamMessage(payload: payload) == message)
        #expect(NodeMessage(payload: payload) == nil)
        for length in 0..<min(payload.readableBytes, 18) {
            let cut = payload.getSlice(at: 0, length: length).flatMap { FedStreamMessage(payload: $0) }
            #expect(cut == nil)
        }
    }
}
