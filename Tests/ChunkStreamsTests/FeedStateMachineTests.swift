import HubBackplane
import NIOCore
import Testing

@testable import ChunkStreams

/// How a stream of another node is followed, without that node.
@Suite struct FeedStateMachineTests {
    private var feed = FeedStateMachine()
    private var content = StreamContent(after: .start)

    private static func chunks(_ range: ClosedRange<UInt64>, epoch: UInt64 = 1) -> StreamEntry {
        let text = range.map { "\($0)," }
        return .chunks(
            .init(
                epoch: epoch, first: range.lowerBound, lengths: ChunkLengths(text.map(\.utf8.count)),
                text: ByteBuffer(string: text.joined())))
    }

    private static func opening(_ epoch: UInt64, text: UInt64 = 1) -> StreamEntry {
        .open(.init(epoch: epoch, textEpoch: text, node: NodeID("n")))
    }

    private static func end(_ chunks: UInt64, epoch: UInt64 = 1) -> StreamEntry {
        .end(epoch: epoch, StreamEnd(finish: .completed, chunks: chunks, bytes: 0, sha256: []))
    }

    @Test mutating func liveEntriesWaitUntilTheLogHasBeenRead() {
        #expect(feed.mustRead() == .readLog)
        #expect(feed.received(Self.chunks(3...4), content: &content) == .none)
        #expect(content.text.last == 0)
        #expect(feed.read([Self.opening(1), Self.chunks(1...3)], isLast: true, content: &content) == .none)
        #expect(String(buffer: content.text.all) == "1,2,3,4,")
    }

    @Test mutating func aHoleIsReadFromTheLog() {
        _ = feed.mustRead()
        _ = feed.read([Self.opening(1), Self.chunks(1...2)], isLast: true, content: &content)
        #expect(feed.received(Self.chunks(5...5), content: &content) == .readLog)
        #expect(feed.read([Self.chunks(3...4)], isLast: true, content: &content) == .none)
        #expect(String(buffer: content.text.all) == "1,2,3,4,5,")
    }

    @Test mutating func whatIsPublishedWhileThePageIsUnderWayIsReadAgain() {
        _ = feed.mustRead()
        #expect(feed.received(Self.end(0), content: &content) == .none)
        #expect(feed.read([], isLast: true, content: &content) == .readLog)
        #expect(feed.read([Self.end(0)], isLast: true, content: &content) == .none)
        #expect(content.end != nil)
    }

    @Test mutating func repeatsAndOldWritersAreNothingNew() {
        _ = feed.mustRead()
        _ = feed.read([Self.opening(1), Self.chunks(1...3), Self.opening(2)], isLast: true, content: &content)
        #expect(feed.received(Self.chunks(4...4, epoch: 1), content: &content) == .none)
        #expect(feed.received(Self.chunks(1...3, epoch: 2), content: &content) == .none)
        #expect(feed.received(Self.chunks(2...4, epoch: 2), content: &content) == .none)
        #expect(String(buffer: content.text.all) == "1,2,3,4,")
    }

    @Test mutating func aNewTextBeginsFromNothing() {
        _ = feed.mustRead()
        _ = feed.read([Self.opening(1), Self.chunks(1...3)], isLast: true, content: &content)
        #expect(feed.received(Self.opening(2, text: 2), content: &content) == .none)
        #expect(feed.received(Self.chunks(1...1, epoch: 2), content: &content) == .none)
        #expect(content.textEpoch == 2 && String(buffer: content.text.all) == "1,")
    }

    @Test mutating func anEndIsSeenOnlyWithAllItsText() {
        _ = feed.mustRead()
        _ = feed.read([Self.opening(1), Self.chunks(1...2)], isLast: true, content: &content)
        #expect(feed.received(Self.end(3), content: &content) == .readLog)
        #expect(content.end == nil)
        #expect(feed.read([Self.chunks(3...3), Self.end(3)], isLast: true, content: &content) == .none)
        #expect(content.end?.chunks == 3)
        #expect(feed.received(Self.chunks(4...4), content: &content) == .none)
        #expect(content.text.last == 3)
    }

    @Test mutating func aHoleInTheLogItselfIsTold() {
        _ = feed.mustRead()
        _ = feed.read([Self.opening(1), Self.chunks(1...1), Self.chunks(4...4)], isLast: true, content: &content)
        #expect(feed.hasHole)
        #expect(content.producer == NodeID("n"))
    }

    @Test mutating func tooManyHeldEntriesAreReadFromTheLogInstead() {
        _ = feed.mustRead()
        for seq in UInt64(1)...UInt64(FeedStateMachine.heldLimit + 1) {
            #expect(feed.received(Self.chunks(seq...seq), content: &content) == .none)
        }
        #expect(feed.read([Self.opening(1)], isLast: true, content: &content) == .readLog)
    }
}
