import HubBackplane
import HubTesting
import NIOCore
import Testing

@testable import ChunkStreams

/// Schedules of docs/SCHEDULES.md that need more than one node, and a fault at the wrong moment.
@Suite(.timeLimit(.minutes(1))) struct ScheduleTests {
    /// A reader that knows of no opening yet would take the wrong node for the one that writes.
    @Test(arguments: BackplaneKind.allCases)
    func anOpeningThatIsRefusedIsHeardByNobody(kind: BackplaneKind) async throws {
        try await withNodes(3, on: kind) { nodes in
            for _ in 0..<3 {
                let id = ChunkStreamID()
                let heard = AsyncStream.makeStream(of: StreamEntry.self)
                let subscription = try await nodes[2].node.backplane.subscribe(
                    to: nodes[2].node.names.stream(id.rawValue).channel
                ) { event in
                    guard case .message(let payload) = event else { return }
                    if let entry = StreamEntry(payload: payload) { heard.continuation.yield(entry) }
                }
                async let first = nodes[0].open(id, meta: ByteBuffer())
                async let second = nodes[1].open(id, meta: ByteBuffer())
                let producers = try await [first, second]
                let winner = try #require(producers.firstIndex { $0 != nil })
                #expect(producers[1 - winner] == nil)
                _ = await producers[winner]?.finish(.completed)
                var entries: [StreamEntry] = []
                for await entry in heard.stream {
                    entries.append(entry)
                    if case .end = entry { break }
                }
                #expect(entries.count == 2)
                #expect(entries[0] == .open(.init(epoch: 1, textEpoch: 1, node: nodes[winner].node.id)))
                subscription.cancel()
            }
        }
    }

    /// Its chunks are in no entry yet when the viewer sees them: whatever entry they come into, they keep their numbers.
    @Test func whatIsShownBeforeItIsWrittenKeepsItsNumber() async throws {
        try await CutOffNodes.run(2) { nodes in
            let id = ChunkStreamID()
            let home = ReadingSink(limit: 4)
            let homeViewer = nodes.streams[0].view(id, after: .start, sink: home)
            let producer = try await nodes.begin(id, on: 0, "one ")
            nodes.cutOff(0)
            for chunk in ["two ", "six ", "ten "] { try await producer.append(ByteBuffer(string: chunk)) }
            let read = await home.read(homeViewer) { $0.cursor.seq == 3 }
            #expect(read.text == "one two six ")
            homeViewer.cancel()
            nodes.bringBack(0)
            let away = ReadingSink()
            let awayViewer = nodes.streams[1].view(id, after: read.cursor, sink: away)
            let end = await producer.finish(.completed)
            let rest = await away.read(awayViewer)
            #expect(rest.text == "ten " && rest.ends == [end])
        }
    }

    @Test func anEndThatNobodyHearsIsFoundInTheLog() async throws {
        var configuration = ChunkStreamsConfiguration()
        configuration.silence = .seconds(1)
        try await CutOffNodes.run(2, configuration: configuration) { nodes in
            let id = ChunkStreamID()
            let sink = ReadingSink()
            let viewer = nodes.streams[1].view(id, after: .start, sink: sink)
            let producer = try await nodes.begin(id, on: 0, "text")
            _ = await sink.read(viewer) { $0.cursor.seq == 1 }
            nodes.backplanes[1].change { $0.lostMessages = 1 }
            let end = await producer.finish(.completed)
            let read = await sink.read(viewer)
            #expect(read.text == "text" && read.ends == [end])
        }
    }

    // MARK: Stops

    @Test func aStopOfOneWriterIsNoneOfTheNext() async throws {
        try await CutOffNodes.run(2) { nodes in
            let id = ChunkStreamID()
            let lost = try await nodes.begin(id, on: 0)
            nodes.cutOff(0)
            let next = try #require(try await nodes.streams[1].open(id, meta: ByteBuffer()))
            let (names, asker) = (CutOffNodes.names, NodeID())
            let answered = AsyncStream.makeStream(of: Void.self)
            _ = try await nodes.base.subscribe(to: names.node(asker)) { _ in answered.continuation.finish() }
            for message in [NodeMessage.stop(id, epoch: 1), .question(id, epoch: 2, asker: asker)] {
                _ = try await nodes.base.publish(message.payload, to: names.node(nodes.leases[1].node))
            }
            // The question came behind the stop.
            for await _ in answered.stream {}
            try await next.append(ByteBuffer(string: "text"))
            #expect(await next.finish(.completed)?.finish == .completed)
            _ = lost
        }
    }

    @Test func aStopWhoseMessageIsLostIsSaidAgain() async throws {
        try await CutOffNodes.run(2) { nodes in
            let id = ChunkStreamID()
            let names = CutOffNodes.names.stream(id.rawValue)
            try await nodes.streams[1].create(id, meta: ByteBuffer())
            let producer = try await nodes.begin(id, on: 0, "text")
            nodes.backplanes[0].change { $0.lostMessages = 1 }
            async let receipt = nodes.streams[1].stop(id)
            while try await nodes.base.get(names.stop) == nil { await Task.yield() }
            // The key is written first, the message goes out behind it.
            try await Task.sleep(for: .milliseconds(100))
            nodes.backplanes[0].change { $0.lostMessages = 0 }
            #expect(await receipt == .stopped(atSeq: 1))
            await #expect(throws: ChunkProducerError.interrupted) {
                try await producer.append(ByteBuffer(string: "more"))
            }
        }
    }
}
