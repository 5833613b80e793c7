import HubBackplane
import HubTesting
import NIOCore
import Synchronization
import Testing

@testable import ChunkStreams

/// Text that is taken back, across nodes: H14.
@Suite(.timeLimit(.minutes(1))) struct RetractionNodeTests {
    private static let secret = "the secret word"

    @Test(arguments: BackplaneKind.allCases)
    func everyViewerIsToldAndLaterOnesNeverSeeIt(kind: BackplaneKind) async throws {
        try await withNodes(3, on: kind) { nodes in
            let id = ChunkStreamID()
            let producer = try #require(try await nodes[0].open(id, meta: ByteBuffer()))
            let sinks = nodes[...1].map { _ in ReadingSink() }
            let viewers = zip(nodes, sinks).map { $0.view(id, after: .start, sink: $1) }
            try await write(["This stays. ", "Here is ", Self.secret, "."], to: producer)
            for (sink, viewer) in zip(sinks, viewers) {
                _ = await sink.read(viewer) { $0.text.hasSuffix("word.") }
            }
            try producer.retract(keeping: 16, category: "secrets", replacement: "[removed]")
            try await write([" More."], to: producer)
            let end = try #require(await producer.finish(.filtered))
            let text = "This stays. Here[removed] More."
            #expect(end.sha256 == sha256(text) && end.bytes == UInt64(text.utf8.count))
            for (sink, viewer) in zip(sinks, viewers) {
                let read = await sink.read(viewer)
                #expect(read.text == text && read.retractions.map(\.category) == ["secrets"])
                #expect(read.retractions.first?.keepUTF16 == 16 && read.ends == [end])
            }
            for node in nodes {
                let late = ReadingSink()
                let read = await late.read(node.view(id, after: .start, sink: late))
                #expect(read.text == text && !read.shown.contains("secret") && read.retractions.count == 1)
            }
            // A client's cursor may be anywhere in what was there.
            let had = ["", "This stays. ", "This stays. Here is ", "This stays. Here is \(Self.secret)"]
            for (seq, had) in had.enumerated() {
                let sink = ReadingSink()
                sink.resume(with: had)
                let cursor = ChunkCursor(textEpoch: 1, seq: UInt64(seq))
                let read = await sink.read(nodes[2].view(id, after: cursor, sink: sink))
                #expect(read.text == text && !read.shown.contains("secret") && read.ends == [end])
            }
        }
    }

    /// The log has been written to where the second one begins long before the first has; what was taken back in between is
    /// only in the log.
    @Test(arguments: BackplaneKind.allCases)
    func whoBeginsEarlierThanOthersOfTheNodeIsToldToo(kind: BackplaneKind) async throws {
        try await withNodes(2, on: kind) { nodes in
            let id = ChunkStreamID()
            let producer = try #require(try await nodes[0].open(id, meta: ByteBuffer()))
            try await write(["one ", Self.secret], to: producer)
            try producer.retract(keeping: 4, category: "secrets")
            try await write(["two ", "three "], to: producer)
            let late = ReadingSink()
            let lateViewer = nodes[1].view(id, after: ChunkCursor(textEpoch: 1, seq: 4), sink: late)
            _ = await late.read(lateViewer) { $0.text == "three " }
            let early = ReadingSink()
            let earlyViewer = nodes[1].view(id, after: .start, sink: early)
            _ = await early.read(earlyViewer) { $0.text == "one two three " }
            #expect(early.soFar.retractions.count == 1 && !early.soFar.shown.contains("secret"))
            _ = await producer.finish(.completed)
            #expect(await early.read(earlyViewer).text == "one two three ")
        }
    }

    /// What a node has let go of is read from the log, in which the text still is that was taken back.
    @Test(arguments: BackplaneKind.allCases)
    func aViewerBehindTheWindowDoesNotSeeIt(kind: BackplaneKind) async throws {
        try await withNodes(2, on: kind) { nodes in
            let id = ChunkStreamID()
            let producer = try #require(try await nodes[0].open(id, meta: ByteBuffer()))
            let filler = String(repeating: "x", count: 40_000)
            try await write([filler, Self.secret, filler], to: producer)
            try producer.retract(keeping: filler.utf8.count, category: "secrets")
            try await write(Array(repeating: filler, count: 12), to: producer)
            _ = await producer.finish(.completed)
            let sink = ReadingSink(limit: 50_000)
            let read = await sink.read(nodes[1].view(id, after: .start, sink: sink))
            #expect(read.text.utf8.count == 13 * filler.utf8.count && !read.shown.contains("secret"))
            #expect(read.retractions.count == 1 && read.ends.count == 1)
        }
    }

    /// What it has still to read was taken back, and nothing comes after it but the end.
    @Test(arguments: BackplaneKind.allCases)
    func aViewerBehindTheWindowReachesTheEnd(kind: BackplaneKind) async throws {
        try await withNodes(2, on: kind) { nodes in
            let id = ChunkStreamID()
            let producer = try #require(try await nodes[0].open(id, meta: ByteBuffer()))
            let filler = String(repeating: "x", count: 40_000)
            try await write([filler, Self.secret] + Array(repeating: filler, count: 12), to: producer)
            try producer.retract(keeping: filler.utf8.count, category: "secrets")
            let end = await producer.finish(.filtered)
            let sink = ReadingSink(limit: 50_000)
            let read = await sink.read(nodes[1].view(id, after: .start, sink: sink))
            #expect(read.text == filler && read.shown == filler && read.ends == [end])
        }
    }

    /// The first reader has begun behind what was taken back, and does not take what comes.
    @Test(arguments: BackplaneKind.allCases)
    func aRetractionBeforeWhatTheNodeHasIsLearnt(kind: BackplaneKind) async throws {
        try await withNodes(2, on: kind) { nodes in
            let id = ChunkStreamID()
            let producer = try #require(try await nodes[0].open(id, meta: ByteBuffer()))
            try await write((1...49).map { "\($0) " }, to: producer)
            let kept = (1...40).map { "\($0) " }.joined()
            try producer.retract(keeping: kept.utf8.count, category: "numbers")
            try await write((51...150).map { "\($0) " }, to: producer)
            let late = ReadingSink()
            let lateViewer = nodes[1].view(id, after: ChunkCursor(textEpoch: 1, seq: 100), sink: late)
            while nodes[1].node.registry[id]?.state.withLock({ $0.content.text.last }) != 150 {
                try await Task.sleep(for: .milliseconds(1))
            }
            let early = ReadingSink()
            early.resume(with: (1...10).map { "\($0) " }.joined())
            let earlyViewer = nodes[1].view(id, after: ChunkCursor(textEpoch: 1, seq: 10), sink: early)
            let text = kept + (51...150).map { "\($0) " }.joined()
            _ = await producer.finish(.completed)
            #expect(await early.read(earlyViewer).text == text)
            #expect(await late.read(lateViewer).text == (101...150).map { "\($0) " }.joined())
        }
    }

    @Test func aLogThatIsWrittenAgainHasItToo() async throws {
        let backplane = FaultyBackplane()
        try await withNodes(2, on: backplane) { nodes in
            let id = ChunkStreamID()
            let producer = try #require(try await nodes[0].open(id, meta: ByteBuffer()))
            let sink = ReadingSink()
            let viewer = nodes[1].view(id, after: .start, sink: sink)
            try await write(["one ", Self.secret], to: producer)
            _ = await sink.read(viewer) { $0.text.hasSuffix("word") }
            backplane.setAway(true)
            try producer.retract(keeping: 4, category: "secrets")
            try await write(["two"], to: producer)
            backplane.expire([BackplaneNames(app: "test").stream(id.rawValue).log], after: .zero)
            backplane.setAway(false)
            let end = await producer.finish(.completed)
            let read = await sink.read(viewer)
            #expect(read.text == "one two" && read.retractions.count == 1 && read.ends == [end])
            let again = ReadingSink()
            let rest = await again.read(nodes[1].view(id, after: .start, sink: again))
            #expect(rest.text == "one two" && !rest.shown.contains("secret"))
        }
    }

    /// Whoever writes the end for a lost producer describes the text as it stands.
    @Test func theEndOfALostProducerIsOfWhatStands() async throws {
        try await CutOffNodes.run(2) { nodes in
            let id = ChunkStreamID()
            let producer = try await nodes.begin(id, on: 0, "one ", Self.secret)
            try producer.retract(keeping: 4, category: "secrets", replacement: "two")
            while try await nodes.base.lastEntry(of: CutOffNodes.names.stream(id.rawValue).log)?.id.seq != 3 {
                try await Task.sleep(for: .milliseconds(1))
            }
            let sink = ReadingSink()
            let viewer = nodes.streams[1].view(id, after: .start, sink: sink)
            _ = await sink.read(viewer) { $0.text == "one two" }
            nodes.cutOff(0)
            let read = await sink.read(viewer)
            #expect(read.text == "one two")
            #expect(read.ends.map(\.finish) == [.failed(.producerLost)])
            #expect(read.ends.map(\.sha256) == [sha256("one two")])
            withExtendedLifetime(producer) {}
        }
    }

    @Test func notWithoutBound() async throws {
        try await withNodes(1, on: .memory) { nodes in
            let producer = try #require(try await nodes[0].open(ChunkStreamID(), meta: ByteBuffer()))
            for _ in 0..<64 { try producer.retract(keeping: 0, category: "x", replacement: "y") }
            #expect(throws: ChunkProducerError.tooLong) { try producer.retract(keeping: 0, category: "x") }
            _ = await producer.finish(.completed)
            #expect(throws: ChunkProducerError.interrupted) { try producer.retract(keeping: 0, category: "x") }
        }
    }
}
