import HubBackplane
import NIOCore
import Testing

@testable import ChunkStreams

/// Where one viewer stands, without a node.
@Suite struct ViewerStateTests {
    private static func chunks(_ range: ClosedRange<UInt64>, epoch: UInt64) -> StreamEntry {
        let text = range.map { "\($0)," }
        return .chunks(
            .init(
                epoch: epoch, first: range.lowerBound, lengths: ChunkLengths(text.map(\.utf8.count)),
                text: ByteBuffer(string: text.joined())))
    }

    private func content(_ entries: StreamEntry...) -> StreamContent {
        var content = StreamContent(after: .start)
        for entry in entries { #expect(content.take(entry) == .taken) }
        content.reachedEndOfLog()
        return content
    }

    private func viewer(after cursor: ChunkCursor) -> ViewerState {
        ViewerState(number: 1, sink: ReadingSink(), cursor: cursor)
    }

    private func text(_ next: ViewerState.Next) -> String? {
        if case .event(.text(let text, _)) = next { String(buffer: text) } else { nil }
    }

    private func restart(_ next: ViewerState.Next) -> ChunkCursor? {
        if case .event(.restarted(let cursor)) = next { cursor } else { nil }
    }

    @Test func aCursorOfAnOlderTextGetsTheNewTextFromItsBeginning() {
        let content = content(
            .open(.init(epoch: 1, textEpoch: 1, node: NodeID("a"))), Self.chunks(1...40, epoch: 1),
            .open(.init(epoch: 2, textEpoch: 2, node: NodeID("b"))), Self.chunks(1...3, epoch: 2))
        var old = viewer(after: ChunkCursor(textEpoch: 1, seq: 30))
        #expect(restart(old.next(from: content, limit: 100)) == ChunkCursor(textEpoch: 2, seq: 0))
        #expect(text(old.next(from: content, limit: 100)) == "1,2,3,")
        #expect(old.cursor == ChunkCursor(textEpoch: 2, seq: 3))
        #expect(old.cursor > ChunkCursor(textEpoch: 1, seq: 30))
    }

    @Test func aWriterThatGoesOnWithTheTextChangesNoCursor() {
        let content = content(
            .open(.init(epoch: 1, textEpoch: 1, node: NodeID("a"))), Self.chunks(1...3, epoch: 1),
            .open(.init(epoch: 2, textEpoch: 1, node: NodeID("b"))), Self.chunks(1...5, epoch: 2))
        var viewer = viewer(after: ChunkCursor(textEpoch: 1, seq: 2))
        #expect(text(viewer.next(from: content, limit: 100)) == "3,4,5,")
        #expect(viewer.cursor == ChunkCursor(textEpoch: 1, seq: 5))
    }

    /// It is behind what its node keeps, and nobody writes the log again.
    @Test func aSlowViewerWhoseLogIsGoneIsTold() {
        var content = content(.open(.init(epoch: 1, textEpoch: 1, node: NodeID("a"))), Self.chunks(1...9, epoch: 1))
        content.text.drop(through: 5)
        var viewer = viewer(after: ChunkCursor(textEpoch: 1, seq: 2))
        for _ in 0..<4 {
            guard case .readLog = viewer.next(from: content, limit: 100) else {
                Issue.record("the log may be written again")
                return
            }
            guard case .nothing = viewer.next(from: content, limit: 100) else {
                Issue.record("it is read once at a time")
                return
            }
            #expect(viewer.read(LogPage(entries: [], isLast: true)) == nil)
            #expect(viewer.isReadingInVain)
        }
        guard case .event(.lost) = viewer.next(from: content, limit: 100) else {
            Issue.record("the viewer waits for ever")
            return
        }
        #expect(viewer.cursor.seq == 2, "it keeps what it has")
    }
}
