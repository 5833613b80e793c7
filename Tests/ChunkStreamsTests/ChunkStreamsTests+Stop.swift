import HubBackplane
import HubTesting
import NIOCore
import Testing

@testable import ChunkStreams

extension ChunkStreamsTests {
    @Test(arguments: BackplaneKind.allCases, [0, 1])
    func aStopFromAnyNodeEndsTheStream(kind: BackplaneKind, stoppingNode: Int) async throws {
        try await withNodes(2, on: kind) { nodes in
            let id = ChunkStreamID()
            try await nodes[0].create(id, meta: ByteBuffer())
            let producer = try #require(try await nodes[0].open(id, meta: ByteBuffer()))
            let interrupted = AsyncStream.makeStream(of: Void.self)
            producer.onInterrupt { interrupted.continuation.finish() }
            try await write(["one ", "two "], to: producer)
            #expect(await nodes[stoppingNode].stop(id) == .stopped(atSeq: 2))
            for await _ in interrupted.stream {}
            await #expect(throws: ChunkProducerError.interrupted) { try await write(["three"], to: producer) }
            let end = await producer.finish(.completed)
            #expect(end?.finish == .stopped)
            guard case .alreadyEnded(let seen) = await nodes[1].stop(id) else {
                Issue.record("a second stop finds the end")
                return
            }
            #expect(seen == end)
        }
    }

    @Test(arguments: BackplaneKind.allCases)
    func aStopBeforeTheOpeningKeepsProducersOut(kind: BackplaneKind) async throws {
        try await withNodes(2, on: kind) { nodes in
            let id = ChunkStreamID()
            try await nodes[0].create(id, meta: ByteBuffer())
            #expect(await nodes[1].stop(id) == .stopped(atSeq: 0))
            let late = try await nodes[0].open(id, meta: ByteBuffer())
            #expect(late == nil)
            let sink = ReadingSink()
            #expect(await sink.read(nodes[0].view(id, after: .start, sink: sink)).ends.first?.finish == .stopped)
        }
    }

    @Test(arguments: BackplaneKind.allCases)
    func aStopOfNothingIsToldSo(kind: BackplaneKind) async throws {
        try await withNodes(1, on: kind) { nodes in
            let id = ChunkStreamID()
            #expect(await nodes[0].stop(id) == .unknown)
            let names = nodes[0].node.names.stream(id.rawValue)
            let stop = try await nodes[0].node.backplane.get(names.stop)
            #expect(stop == nil, "it would stay for ever")
        }
    }

    @Test(arguments: BackplaneKind.allCases)
    func anEndBeforeTheOpeningIsSeenByWhoWaits(kind: BackplaneKind) async throws {
        try await withNodes(2, on: kind) { nodes in
            let id = ChunkStreamID()
            let sink = ReadingSink()
            let viewer = nodes[0].view(id, after: .start, sink: sink)
            let problem = StreamProblem(code: "no_worker", message: "Nobody is free.", retryable: true)
            let end = try await nodes[1].endBeforeOpening(id, finish: .failed(problem))
            #expect(await sink.read(viewer).ends == [end])
        }
    }

    @Test(arguments: BackplaneKind.allCases)
    func givingUpTooLateTouchesNobody(kind: BackplaneKind) async throws {
        try await withNodes(2, on: kind) { nodes in
            let id = ChunkStreamID()
            let producer = try #require(try await nodes[0].open(id, meta: ByteBuffer()))
            let sink = ReadingSink()
            let viewer = nodes[1].view(id, after: .start, sink: sink)
            try await write(["one "], to: producer)
            _ = await sink.read(viewer) { $0.text == "one " }
            let end = try await nodes[1].endBeforeOpening(id, finish: .stopped)
            #expect(end == nil)
            try await write(["two"], to: producer)
            _ = await producer.finish(.completed)
            let read = await sink.read(viewer)
            #expect(read.text == "one two" && read.ends.map(\.finish) == [.completed])
        }
    }
}
