import HubBackplane
import HubTesting
import NIOCore
import Synchronization
import Testing

@testable import ChunkStreams

/// Nodes that are killed, frozen, or cut off while they produce.
@Suite(.timeLimit(.minutes(1))) struct LostProducerTests {
    func lost(_ problem: StreamProblem, _ text: String, chunks: UInt64) -> StreamEnd {
        StreamEnd(
            finish: .failed(problem), chunks: chunks, bytes: UInt64(text.utf8.count), sha256: sha256(text))
    }

    @Test func allViewersOfAKilledProducerGetOneEndAndKeepTheirText() async throws {
        try await CutOffNodes.run(3) { nodes in
            let id = ChunkStreamID()
            let sinks = (0..<4).map { _ in ReadingSink() }
            let viewers = sinks.enumerated().map { index, sink in
                nodes.streams[1 + index % 2].view(id, after: .start, sink: sink)
            }
            let producer = try await nodes.begin(id, on: 0, "one ", "two ", "three ")
            for (sink, viewer) in zip(sinks, viewers) { _ = await sink.read(viewer) { $0.cursor.seq == 3 } }
            nodes.cutOff(0)
            for (sink, viewer) in zip(sinks, viewers) {
                let read = await sink.read(viewer)
                #expect(read.text == "one two three " && read.restarts == 0)
                #expect(read.ends == [lost(.producerLost, "one two three ", chunks: 3)])
            }
            let log = try await nodes.base.read(CutOffNodes.names.stream(id.rawValue).log, after: nil)
            #expect(log.entries.map(\.id.description).last == "2-4")
            _ = producer
        }
    }

    /// The reply's own end is in the log, and nobody can have the text in front of it any more.
    @Test(arguments: [1...1, 2...3] as [ClosedRange<UInt64>])
    func aHoleThatNobodyCanFillIsWhereTheTextEnds(hole: ClosedRange<UInt64>) async throws {
        try await CutOffNodes.run(3) { nodes in
            let id = ChunkStreamID()
            let producer = try await nodes.begin(id, on: 0)
            for seq in 1...5 {
                try await producer.append(ByteBuffer(string: "\(seq) "))
                while nodes.backplanes[0].appends.withLock({ $0.last?.seq }) != UInt64(seq) { await Task.yield() }
            }
            #expect(await producer.finish(.completed)?.chunks == 5)
            nodes.cutOff(0)
            for backplane in nodes.backplanes {
                backplane.change { $0.lostEntries = Set(hole.map { LogID(epoch: 1, seq: $0) }) }
            }
            let text = (1..<hole.lowerBound).map { "\($0) " }.joined()
            for node in [1, 2, 1] {
                let sink = ReadingSink()
                let read = await sink.read(nodes.streams[node].view(id, after: .start, sink: sink))
                #expect(read.text == text && read.ends == [lost(.logLost, text, chunks: hole.lowerBound - 1)])
            }
        }
    }

    /// It wakes up, and others have ended its stream: nothing more is shown, not even at home.
    @Test func aProducerThatComesBackToAnEndedStreamIsFencedOff() async throws {
        try await CutOffNodes.run(2) { nodes in
            let id = ChunkStreamID()
            let (home, away) = (ReadingSink(), ReadingSink())
            let homeViewer = nodes.streams[0].view(id, after: .start, sink: home)
            let awayViewer = nodes.streams[1].view(id, after: .start, sink: away)
            let producer = try await nodes.begin(id, on: 0, "one ", "two ")
            let interrupted = Atomic(false)
            producer.onInterrupt { interrupted.store(true, ordering: .releasing) }
            _ = await home.read(homeViewer) { $0.cursor.seq == 2 }
            nodes.cutOff(0)
            try await producer.append(ByteBuffer(string: "unheard "))
            #expect(await away.read(awayViewer).ends.map(\.chunks) == [2])
            // As one that wakes up: before it has seen that its lease is overdue.
            try await producer.append(ByteBuffer(string: "three "))
            nodes.bringBack(0)
            let read = await home.read(homeViewer)
            #expect(read.ends == [lost(.producerLost, "one two ", chunks: 2)])
            #expect(!read.text.contains("three"))
            while !interrupted.load(ordering: .acquiring) { try await Task.sleep(for: .milliseconds(1)) }
            await #expect(throws: ChunkProducerError.interrupted) {
                try await producer.append(ByteBuffer(string: "four"))
            }
            #expect(await producer.finish(.completed) == nil)
            let late = ReadingSink()
            #expect(await late.read(nodes.streams[0].view(id, after: .start, sink: late)).text == "one two ")
        }
    }

    @Test func aProducerThatNobodyMissedGoesOnWhenItIsBack() async throws {
        try await CutOffNodes.run(2) { nodes in
            let id = ChunkStreamID()
            let home = ReadingSink()
            let homeViewer = nodes.streams[0].view(id, after: .start, sink: home)
            let producer = try await nodes.begin(id, on: 0, "one ")
            _ = await home.read(homeViewer) { $0.cursor.seq == 1 }
            nodes.cutOff(0)
            try await producer.append(ByteBuffer(string: "two "))
            #expect(await home.read(homeViewer) { $0.cursor.seq == 2 }.text == "one two ", "for one lease time")
            while nodes.leases[0].term != nil { try await Task.sleep(for: .milliseconds(5)) }
            try await producer.append(ByteBuffer(string: "three "))
            try await Task.sleep(for: .milliseconds(100))
            #expect(homeViewer.next(limit: 100) == nil)
            nodes.bringBack(0)
            let end = await producer.finish(.completed)
            let read = await home.read(homeViewer)
            #expect(read.text == "one two three " && read.ends == [end])
            let late = ReadingSink()
            #expect(await late.read(nodes.streams[1].view(id, after: .start, sink: late)).text == "one two three ")
        }
    }

    /// A lease that only this node could not renew: text waits although logs can be written.
    @Test func whileTheLeaseIsOverdueNothingIsShownOrAppended() async throws {
        try await CutOffNodes.run(1) { nodes in
            let id = ChunkStreamID()
            let sink = ReadingSink()
            let viewer = nodes.streams[0].view(id, after: .start, sink: sink)
            let producer = try await nodes.begin(id, on: 0, "one ")
            _ = await sink.read(viewer) { $0.cursor.seq == 1 }
            nodes.backplanes[0].change { $0.failsLeases = true }
            while nodes.leases[0].term != nil { try await Task.sleep(for: .milliseconds(5)) }
            try await producer.append(ByteBuffer(string: "two "))
            try await Task.sleep(for: .milliseconds(100))
            #expect(viewer.next(limit: 100) == nil)
            #expect(nodes.backplanes[0].appends.withLock { $0.last?.seq } == 1)
            nodes.backplanes[0].change { $0.failsLeases = false }
            #expect(await sink.read(viewer) { $0.cursor.seq == 2 }.text == "one two ")
            _ = await producer.finish(.completed)
        }
    }

    @Test func whenTheBackplaneIsAwayForAllNobodyIsDead() async throws {
        try await CutOffNodes.run(2) { nodes in
            let id = ChunkStreamID()
            let sink = ReadingSink()
            let viewer = nodes.streams[1].view(id, after: .start, sink: sink)
            let producer = try await nodes.begin(id, on: 0, "one ")
            _ = await sink.read(viewer) { $0.cursor.seq == 1 }
            for node in 0..<2 { nodes.cutOff(node) }
            try await Task.sleep(for: CutOffNodes.leaseTime * 3)
            try await producer.append(ByteBuffer(string: "two"))
            nodes.bringBack(1)
            try await Task.sleep(for: CutOffNodes.leaseTime / 3)
            nodes.bringBack(0)
            let end = await producer.finish(.completed)
            let read = await sink.read(viewer)
            #expect(read.text == "one two" && read.ends == [end])
        }
    }

    @Test func aResumeEndsAStreamWhoseViewersHadAllVanished() async throws {
        try await CutOffNodes.run(2) { nodes in
            let id = ChunkStreamID()
            let producer = try await nodes.begin(id, on: 0, "one ", "two ")
            nodes.cutOff(0)
            try await Task.sleep(for: CutOffNodes.leaseTime * 2)
            for cursor in 0...2 {
                let sink = ReadingSink()
                let viewer = nodes.streams[1].view(
                    id, after: ChunkCursor(textEpoch: 1, seq: UInt64(cursor)), sink: sink)
                let read = await sink.read(viewer)
                #expect(read.ends == [lost(.producerLost, "one two ", chunks: 2)])
                #expect(read.text == ["one two ", "two ", ""][cursor])
            }
            _ = producer
        }
    }

    @Test func aStopOfALostStreamEndsIt() async throws {
        try await CutOffNodes.run(2) { nodes in
            let id = ChunkStreamID()
            try await nodes.streams[1].create(id, meta: ByteBuffer())
            let producer = try await nodes.begin(id, on: 0, "one ")
            nodes.cutOff(0)
            #expect(await nodes.streams[1].stop(id) == .stopped(atSeq: 1))
            #expect(try await nodes.streams[1].end(of: id)?.finish == .stopped)
            _ = producer
        }
    }

    // MARK: Other losses

    /// Its node lives, but nobody there knows the stream any more.
    @Test func aProducerThatSaysNoIsLost() async throws {
        var configuration = ChunkStreamsConfiguration()
        configuration.silence = .seconds(1)
        try await CutOffNodes.run(2, configuration: configuration) { nodes in
            let id = ChunkStreamID()
            let names = CutOffNodes.names.stream(id.rawValue)
            let opening = StreamEntry.Opening(epoch: 1, textEpoch: 1, node: nodes.leases[0].node)
            _ = try await nodes.base.append(.opening(opening, names: names, configuration: .init()))
            let chunk = StreamEntry.Chunks(
                epoch: 1, first: 1, lengths: ChunkLengths([4]), text: ByteBuffer(string: "text"))
            _ = try await nodes.base.append(
                LogAppend(
                    log: names.log, channel: names.channel, id: LogID(epoch: 1, seq: 1),
                    payload: StreamEntry.chunks(chunk).payload))
            let sink = ReadingSink()
            let read = await sink.read(nodes.streams[1].view(id, after: .start, sink: sink))
            #expect(read.text == "text" && read.ends == [lost(.producerLost, "text", chunks: 1)])
        }
    }

    @Test func aProducerThatIsDroppedEndsItsStream() async throws {
        try await CutOffNodes.run(1) { nodes in
            let id = ChunkStreamID()
            let sink = ReadingSink()
            let viewer = nodes.streams[0].view(id, after: .start, sink: sink)
            _ = try await nodes.begin(id, on: 0, "text")
            #expect(await sink.read(viewer).ends == [lost(.producerLost, "text", chunks: 1)])
        }
    }

    @Test func aLogThatIsGoneWithItsProducerIsLost() async throws {
        try await CutOffNodes.run(2) { nodes in
            let id = ChunkStreamID()
            let sink = ReadingSink()
            let viewer = nodes.streams[1].view(id, after: .start, sink: sink)
            let producer = try await nodes.begin(id, on: 0, "text")
            _ = await sink.read(viewer) { $0.cursor.seq == 1 }
            nodes.cutOff(0)
            nodes.base.expire([CutOffNodes.names.stream(id.rawValue).log], after: .zero)
            let read = await sink.read(viewer)
            #expect(read.text == "text" && read.ends == [lost(.logLost, "", chunks: 0)])
            _ = producer
        }
    }
}
