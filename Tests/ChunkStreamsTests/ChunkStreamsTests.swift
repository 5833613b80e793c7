import HubBackplane
import HubTesting
import NIOCore
import Synchronization
import Testing

@testable import ChunkStreams

/// Producers and viewers of several nodes on one backplane.
@Suite(.timeLimit(.minutes(1))) struct ChunkStreamsTests {
    @Test(arguments: BackplaneKind.allCases, [0, 1])
    func aViewerOnAnyNodeGetsTheWholeText(kind: BackplaneKind, viewingNode: Int) async throws {
        try await withNodes(2, on: kind) { nodes in
            let id = ChunkStreamID()
            try await nodes[0].create(id, meta: ByteBuffer(string: "meta"))
            let producer = try #require(try await nodes[0].open(id, meta: ByteBuffer(string: "meta")))
            let sink = ReadingSink()
            let viewer = nodes[viewingNode].view(id, after: .start, sink: sink)
            async let reading = sink.read(viewer)
            let chunks = (1...500).map { "chunk \($0), " }
            try await write(chunks, to: producer, pausing: true)
            let end = try #require(await producer.finish(.completed))
            let read = await reading
            #expect(read.text == chunks.joined())
            #expect(read.ends == [end])
            #expect(end.chunks == 500 && end.bytes == UInt64(read.text.utf8.count) && end.sha256 == sha256(read.text))
            #expect(read.cursor == ChunkCursor(textEpoch: 1, seq: 500))
        }
    }

    @Test(arguments: BackplaneKind.allCases)
    func onlyOneProducerOpensAStream(kind: BackplaneKind) async throws {
        try await withNodes(2, on: kind) { nodes in
            let id = ChunkStreamID()
            let first = try await nodes[0].open(id, meta: ByteBuffer())
            let second = try await nodes[1].open(id, meta: ByteBuffer())
            #expect(first != nil && second == nil)
        }
    }

    @Test(arguments: BackplaneKind.allCases)
    func aViewerThatCameFirstSeesTheStreamBegin(kind: BackplaneKind) async throws {
        try await withNodes(2, on: kind) { nodes in
            let id = ChunkStreamID()
            let sinks = [ReadingSink(), ReadingSink()]
            let viewers = [
                nodes[0].view(id, after: .start, sink: sinks[0]), nodes[1].view(id, after: .start, sink: sinks[1]),
            ]
            let producer = try #require(try await nodes[1].open(id, meta: ByteBuffer()))
            try await write(["one ", "two"], to: producer)
            _ = await producer.finish(.completed)
            for (sink, viewer) in zip(sinks, viewers) {
                #expect(await sink.read(viewer).text == "one two")
            }
        }
    }

    @Test(arguments: BackplaneKind.allCases)
    func everyCursorResumesWithoutLossOrRepeat(kind: BackplaneKind) async throws {
        try await withNodes(2, on: kind) { nodes in
            let id = ChunkStreamID()
            let producer = try #require(try await nodes[0].open(id, meta: ByteBuffer()))
            let chunks = (1...60).map { "\($0) " }
            try await write(chunks, to: producer)
            _ = await producer.finish(.completed)
            for seq in 0...60 {
                for node in nodes {
                    let sink = ReadingSink()
                    let viewer = node.view(id, after: ChunkCursor(textEpoch: 1, seq: UInt64(seq)), sink: sink)
                    let read = await sink.read(viewer)
                    #expect(read.text == chunks[seq...].joined())
                    #expect(read.ends.count == 1)
                }
            }
        }
    }

    @Test(arguments: BackplaneKind.allCases)
    func aLateViewerReadsWhatTheNodeHasLetGo(kind: BackplaneKind) async throws {
        try await withNodes(2, on: kind) { nodes in
            let id = ChunkStreamID()
            let producer = try #require(try await nodes[0].open(id, meta: ByteBuffer()))
            let early = ReadingSink()
            let earlyViewer = nodes[1].view(id, after: .start, sink: early)
            let chunks = (1...300).map { "\($0) " }
            try await write(Array(chunks[..<150]), to: producer, pausing: true)
            _ = await early.read(earlyViewer) { $0.cursor.seq == 150 }
            let late = ReadingSink()
            let lateViewer = nodes[1].view(id, after: .start, sink: late)
            async let rest = late.read(lateViewer)
            try await write(Array(chunks[150...]), to: producer, pausing: true)
            _ = await producer.finish(.completed)
            #expect(await early.read(earlyViewer).text == chunks.joined())
            #expect(await rest.text == chunks.joined())
        }
    }

    @Test(arguments: BackplaneKind.allCases)
    func aSlowViewerGetsFewLongPieces(kind: BackplaneKind) async throws {
        try await withNodes(1, on: kind) { nodes in
            let id = ChunkStreamID()
            let producer = try #require(try await nodes[0].open(id, meta: ByteBuffer()))
            let sink = ReadingSink(limit: 1_000_000)
            let viewer = nodes[0].view(id, after: .start, sink: sink)
            let chunks = (1...1000).map { "\($0) " }
            try await write(chunks, to: producer)
            _ = await producer.finish(.completed)
            let read = await sink.read(viewer)
            #expect(read.text == chunks.joined() && read.pieces == 1)
        }
    }

    @Test(arguments: 1...8) func lostMessagesAndLostAnswersLoseNothing(seed: UInt64) async throws {
        var configuration = ChunkStreamsConfiguration()
        configuration.silence = .seconds(1)
        var faults = FaultyBackplane.Faults()
        (faults.lostMessages, faults.lostAnswers) = (0.2, 0.05)
        faults.random = SeededGenerator(seed: seed)
        try await withNodes(3, on: FaultyBackplane(faults: faults), configuration: configuration) { nodes in
            let id = ChunkStreamID()
            let producer: ChunkProducer
            while true {
                if let opened = try await nodes[0].open(id, meta: ByteBuffer()) { producer = opened; break }
            }
            let sinks = nodes.map { _ in ReadingSink() }
            let viewers = zip(nodes, sinks).map { $0.view(id, after: .start, sink: $1) }
            let chunks = (1...200).map { "<\($0)>" }
            try await write(chunks, to: producer, pausing: true)
            let end = await producer.finish(.completed)
            for (sink, viewer) in zip(sinks, viewers) {
                let read = await sink.read(viewer)
                #expect(read.text == chunks.joined())
                #expect(read.ends == [end])
            }
        }
    }

    @Test func aLogThatWasLostIsWrittenAgain() async throws {
        let backplane = FaultyBackplane()
        try await withNodes(2, on: backplane) { nodes in
            let id = ChunkStreamID()
            let producer = try #require(try await nodes[0].open(id, meta: ByteBuffer()))
            let sink = ReadingSink()
            let viewer = nodes[1].view(id, after: .start, sink: sink)
            try await write(["a", "b", "c"], to: producer)
            _ = await sink.read(viewer) { $0.text == "abc" }
            backplane.setAway(true)
            try await write(["d", "e"], to: producer)
            backplane.expire([BackplaneNames(app: "test").stream(id.rawValue).log], after: .zero)
            backplane.setAway(false)
            _ = await producer.finish(.completed)
            #expect(await sink.read(viewer).text == "abcde")
            let again = ReadingSink()
            #expect(await again.read(nodes[1].view(id, after: .start, sink: again)).text == "abcde")
        }
    }

    /// As a failover can leave it, when text was appended before the loss was looked for.
    @Test(arguments: [false, true]) func aHoleInTheMiddleOfALogIsWrittenAgain(isEnded: Bool) async throws {
        try await CutOffNodes.run(2) { nodes in
            let id = ChunkStreamID()
            var chunks: [String] = []
            let producer = try await nodes.begin(id, on: 0)
            for seq in 1...300 {
                chunks.append("<\(seq)>")
                try await write([chunks[seq - 1]], to: producer)
                while nodes.backplanes[0].appends.withLock({ $0.last?.seq }) != UInt64(seq) { await Task.yield() }
            }
            if isEnded { _ = await producer.finish(.completed) }
            for backplane in nodes.backplanes {
                backplane.change { $0.lostEntries = [LogID(epoch: 1, seq: 2), LogID(epoch: 1, seq: 200)] }
            }
            let sink = ReadingSink()
            let viewer = nodes.streams[1].view(id, after: .start, sink: sink)
            if !isEnded {
                _ = await sink.read(viewer) { $0.cursor.seq == 300 }
                try await write(["last"], to: producer)
                chunks.append("last")
                _ = await producer.finish(.completed)
            }
            let read = await sink.read(viewer)
            #expect(read.text == chunks.joined() && read.restarts == 0)
            #expect(read.ends.map(\.sha256) == [sha256(read.text)])
        }
    }

    @Test func aViewerBehindTheWindowFindsAHoleToo() async throws {
        try await CutOffNodes.run(2) { nodes in
            let id = ChunkStreamID()
            let early = ReadingSink()
            let earlyViewer = nodes.streams[1].view(id, after: .start, sink: early)
            let producer = try await nodes.begin(id, on: 0, "1 ")
            for seq in 2...5 {
                try await write(["\(seq) "], to: producer)
                _ = await early.read(earlyViewer) { $0.cursor.seq == UInt64(seq) }
            }
            for backplane in nodes.backplanes { backplane.change { $0.lostEntries = [LogID(epoch: 1, seq: 3)] } }
            let late = ReadingSink()
            let lateViewer = nodes.streams[1].view(id, after: .start, sink: late)
            #expect(await late.read(lateViewer) { $0.cursor.seq == 5 }.text == "1 2 3 4 5 ")
            _ = await producer.finish(.completed)
            #expect(await late.read(lateViewer).ends.count == 1)
            #expect(await early.read(earlyViewer).text == "1 2 3 4 5 ")
        }
    }

    @Test(arguments: [ChunkCursor(textEpoch: 1, seq: 1000), ChunkCursor(textEpoch: 7, seq: 1)])
    func aCursorBeyondTheLogHoldsUpNobody(cursor: ChunkCursor) async throws {
        try await withNodes(2, on: InMemoryBackplane()) { nodes in
            for isBegun in [true, false] {
                let id = ChunkStreamID()
                let sinks = (0..<2).map { _ in ReadingSink() }
                var producer = isBegun ? try await nodes[0].open(id, meta: ByteBuffer()) : nil
                if let producer { try await write(["one "], to: producer) }
                let viewers = [
                    nodes[1].view(id, after: cursor, sink: sinks[0]), nodes[1].view(id, after: .start, sink: sinks[1]),
                ]
                if !isBegun {
                    producer = try await nodes[0].open(id, meta: ByteBuffer())
                    try await write(["one "], to: #require(producer))
                }
                _ = await sinks[1].read(viewers[1]) { $0.text == "one " }
                try await write(["two"], to: #require(producer))
                #expect(await sinks[1].read(viewers[1]) { $0.text == "one two" }.text == "one two")
                let end = await producer?.finish(.completed)
                #expect(await sinks[1].read(viewers[1]).ends == [end])
                let beyond = await sinks[0].read(viewers[0])
                #expect(beyond.text == "" && beyond.ends == [end])
            }
        }
    }

    @Test func aProducerWaitsWhileTheBackplaneIsAway() async throws {
        let backplane = FaultyBackplane()
        var configuration = ChunkStreamsConfiguration()
        configuration.maximumWaitingBytes = 100
        try await withNodes(1, on: backplane, configuration: configuration) { nodes in
            let id = ChunkStreamID()
            let producer = try #require(try await nodes[0].open(id, meta: ByteBuffer()))
            backplane.setAway(true)
            let chunk = ByteBuffer(string: String(repeating: "x", count: 60))
            try await producer.append(chunk)
            async let second: Void = producer.append(chunk)
            try await Task.sleep(for: .milliseconds(50))
            backplane.setAway(false)
            try await second
            let end = await producer.finish(.completed)
            #expect(end?.bytes == 120)
        }
    }

    @Test func textsThatAreKeptAreBounded() async throws {
        var configuration = ChunkStreamsConfiguration()
        configuration.maximumRetainedBytes = 10
        try await withNodes(1, on: InMemoryBackplane(), configuration: configuration) { nodes in
            for _ in 0..<5 {
                let producer = try #require(try await nodes[0].open(ChunkStreamID(), meta: ByteBuffer()))
                try await write(["1234"], to: producer)
                _ = await producer.finish(.completed)
            }
            #expect(nodes[0].node.registry.all.count == 2)
        }
    }

    /// The answer to an opening is lost, and so is the look at the log; the ask is handed out again.
    @Test func anOpeningWhoseAnswerWasLostIsOnesOwn() async throws {
        let backplane = InMemoryBackplane()
        try await withNodes(2, on: backplane) { nodes in
            let id = ChunkStreamID()
            let opening = StreamEntry.Opening(epoch: 1, textEpoch: 1, node: nodes[0].node.id)
            _ = try await backplane.append(
                .opening(opening, names: nodes[0].node.names.stream(id.rawValue), configuration: .init()))
            let other = try await nodes[1].open(id, meta: ByteBuffer())
            #expect(other == nil)
            let producer = try #require(try await nodes[0].open(id, meta: ByteBuffer()))
            let again = try await nodes[0].open(id, meta: ByteBuffer())
            #expect(again == nil)
            try await write(["text"], to: producer)
            #expect(await producer.finish(.completed)?.chunks == 1)
        }
    }
}
