import HubBackplane
import HubTesting
import NIOCore
import Synchronization
import Testing

@testable import ChunkStreams

/// Producers that are lost before they have written any text.
extension LostProducerTests {
    @Test func aProducerLostBeforeAnyTextIsReplacedSilently() async throws {
        try await CutOffNodes.run(3) { nodes in
            let id = ChunkStreamID()
            let sink = ReadingSink()
            let viewer = nodes.streams[2].view(id, after: .start, sink: sink)
            let first = try await nodes.begin(id, on: 0)
            nodes.cutOff(0)
            let second = try #require(try await nodes.streams[1].open(id, meta: ByteBuffer()))
            try await second.append(ByteBuffer(string: "text"))
            let end = await second.finish(.completed)
            let read = await sink.read(viewer)
            #expect(read.text == "text" && read.ends == [end] && read.restarts == 0)
            nodes.bringBack(0)
            #expect(await first.finish(.completed) == nil)
        }
    }

    @Test func oneThatLivesOrHasWrittenIsNotReplaced() async throws {
        try await CutOffNodes.run(2) { nodes in
            let (silent, writing) = (ChunkStreamID(), ChunkStreamID())
            let producers = [
                try await nodes.begin(silent, on: 0), try await nodes.begin(writing, on: 0, "text"),
            ]
            #expect(try await nodes.streams[1].open(silent, meta: ByteBuffer()) == nil)
            nodes.cutOff(0)
            #expect(try await nodes.streams[1].open(writing, meta: ByteBuffer()) == nil)
            _ = producers
        }
    }

    @Test func threeAreTriedInAll() async throws {
        try await CutOffNodes.run(5) { nodes in
            let id = ChunkStreamID()
            let sink = ReadingSink()
            let viewer = nodes.streams[4].view(id, after: .start, sink: sink)
            var producers: [ChunkProducer] = []
            for node in 0..<3 {
                producers.append(try #require(try await nodes.streams[node].open(id, meta: ByteBuffer())))
                nodes.cutOff(node)
            }
            #expect(try await nodes.streams[3].open(id, meta: ByteBuffer()) == nil)
            #expect(await sink.read(viewer).ends == [lost(.workerLost, "", chunks: 0)])
        }
    }

    @Test func oneThatNobodyReplacesHasFailed() async throws {
        var configuration = ChunkStreamsConfiguration()
        configuration.takeOverTime = .milliseconds(500)
        try await CutOffNodes.run(2, configuration: configuration) { nodes in
            let id = ChunkStreamID()
            let sink = ReadingSink()
            let viewer = nodes.streams[1].view(id, after: .start, sink: sink)
            let producer = try await nodes.begin(id, on: 0)
            nodes.cutOff(0)
            #expect(await sink.read(viewer).ends == [lost(.workerLost, "", chunks: 0)])
            _ = producer
        }
    }

    @Test func thePromptIsNeededUntilTextIsInTheLog() async throws {
        try await CutOffNodes.run(1) { nodes in
            let logged = Atomic(false)
            let producer = try await nodes.begin(ChunkStreamID(), on: 0)
            producer.onLogged { logged.store(true, ordering: .releasing) }
            #expect(logged.load(ordering: .acquiring) == false)
            try await producer.append(ByteBuffer(string: "text"))
            while !logged.load(ordering: .acquiring) { try await Task.sleep(for: .milliseconds(1)) }
            _ = await producer.finish(.completed)
            let late = Atomic(false)
            producer.onLogged { late.store(true, ordering: .releasing) }
            #expect(late.load(ordering: .acquiring) == true)
        }
    }
}
