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
        #expect(feed.hole == LogHole(epoch: 1, after: 1))
        #expect(content.producer == NodeID("n"))
    }

    @Test mutating func behindAHoleTheTextMayHaveBeenWrittenAgain() {
        _ = feed.mustRead()
        let first = [Self.opening(1), Self.chunks(1...1), Self.chunks(4...4)]
        #expect(feed.read(first, isLast: false, content: &content) == .readNextPage)
        #expect(feed.read([Self.end(4)], isLast: false, content: &content) == .readNextPage)
        #expect(feed.hole == LogHole(epoch: 1, after: 1) && content.end == nil)
        let again = [Self.opening(2), Self.chunks(1...4, epoch: 2), Self.end(4, epoch: 2)]
        #expect(feed.read(again, isLast: true, content: &content) == .none)
        #expect(feed.hole == nil && content.end?.chunks == 4)
        #expect(String(buffer: content.text.all) == "1,2,3,4,")
    }

    @Test mutating func pagesAreReadOneAfterTheOther() {
        _ = feed.mustRead()
        #expect(feed.read([Self.opening(1), Self.chunks(1...2)], isLast: false, content: &content) == .readNextPage)
        #expect(feed.mustRead() == .none)
        #expect(feed.read([Self.chunks(3...3)], isLast: true, content: &content) == .readLog)
        #expect(feed.read([], isLast: true, content: &content) == .none)
        #expect(content.text.last == 3)
    }

    // MARK: Claims

    private static func standing(_ epoch: UInt64, _ seq: UInt64, text: UInt64 = 1) -> LogStanding {
        LogStanding(
            last: LogID(epoch: epoch, seq: seq), seq: seq,
            opening: .init(epoch: epoch, textEpoch: text, node: NodeID("n")), end: nil)
    }

    private static func ended(_ epoch: UInt64, _ chunks: UInt64) -> LogStanding {
        LogStanding(
            last: LogID(epoch: epoch, seq: chunks + 1), seq: chunks, opening: nil,
            end: StreamEnd(finish: .completed, chunks: chunks, bytes: 0, sha256: []))
    }

    @Test(arguments: [standing(1, 5), standing(1, 9), standing(2, 9), ended(1, 5), ended(2, 9)])
    func aClaimWithinTheLogIsKept(standing: LogStanding) {
        var content = StreamContent(after: ChunkCursor(textEpoch: 1, seq: 5))
        #expect(content.isClaimed)
        content.compareClaim(with: standing)
        #expect(content.position == LogID(epoch: 1, seq: 5) && !content.isClaimed)
        #expect(content.producer == (standing.last.epoch == 1 && standing.end == nil ? NodeID("n") : nil))
    }

    @Test(arguments: [nil, standing(1, 4), standing(2, 4), standing(2, 0), ended(1, 4), ended(2, 4)])
    func aClaimBeyondTheLogIsGivenUp(standing: LogStanding?) {
        var content = StreamContent(after: ChunkCursor(textEpoch: 1, seq: 5))
        content.compareClaim(with: standing)
        #expect(content.position == nil && content.text.last == 0 && !content.isClaimed)
    }

    @Test func aClaimOfALaterTextIsGivenUpAndOneOfAnEarlierTextReadsOn() {
        var later = StreamContent(after: ChunkCursor(textEpoch: 3, seq: 1))
        later.compareClaim(with: Self.standing(2, 50, text: 2))
        #expect(later.position == nil)
        var earlier = StreamContent(after: ChunkCursor(textEpoch: 1, seq: 70))
        earlier.compareClaim(with: Self.standing(2, 50, text: 2))
        #expect(earlier.position == LogID(epoch: 1, seq: 70))
    }

    @Test mutating func tooManyHeldEntriesAreReadFromTheLogInstead() {
        _ = feed.mustRead()
        for seq in UInt64(1)...UInt64(FeedStateMachine.heldLimit + 1) {
            #expect(feed.received(Self.chunks(seq...seq), content: &content) == .none)
        }
        #expect(feed.read([Self.opening(1)], isLast: true, content: &content) == .readLog)
    }
}
