import ChunkStreams
import HubServer
import NIOCore
import Synchronization

/// The text of one reply, in pieces, for a SignalR stream. Ending the iteration early stops the reply.
struct ReplyTexts: AsyncSequence, Sendable {
    typealias Element = String

    let id: ChunkStreamID
    let streams: ChunkStreams
    let held: ReplyPlace
    /// Called when nothing more is read.
    let onEnd: @Sendable () -> Void

    func makeAsyncIterator() -> Iterator { Iterator(self) }

    struct Iterator: AsyncIteratorProtocol {
        private static let pieceLimit = 16 * 1024

        private let reading: Reading
        private var cursor = ChunkCursor.start

        init(_ texts: ReplyTexts) { reading = Reading(texts) }

        mutating func next() async throws -> String? {
            while !reading.isOver {
                switch reading.viewer.next(limit: Self.pieceLimit)?.event {
                case .text(let text, let cursor):
                    self.cursor = cursor
                    return String(buffer: text)
                case .retracted(_, let cursor):
                    // Items of a SignalR stream cannot be taken back: who has some of that text is told to forget it.
                    guard cursor > self.cursor else { continue }
                    throw HubError("content_filter: The reply was taken back by the content filter.")
                case .restarted:
                    throw HubError("The reply was begun again; ask once more.")
                case .lost:
                    reading.end()
                    throw HubError(StreamProblem.logLost.message)
                case .ended(let end):
                    reading.end()
                    if case .failed(let problem) = end.finish { throw HubError("\(problem.code): \(problem.message)") }
                case nil:
                    await reading.news.wait()
                    try Task.checkCancellation()
                }
            }
            return nil
        }
    }
}

/// One iteration. Whoever drops it before the end, wherever that happens, stops the reply.
private final class Reading: Sendable {
    let news = News()
    let viewer: ChunkViewer
    private let texts: ReplyTexts
    private let over = Atomic(false)

    init(_ texts: ReplyTexts) {
        self.texts = texts
        viewer = texts.streams.view(texts.id, after: .start, sink: news)
    }

    var isOver: Bool { over.load(ordering: .acquiring) }

    func end() { over.store(true, ordering: .releasing) }

    deinit {
        texts.onEnd()
        guard !isOver else { return }
        viewer.cancel()
        let (id, streams) = (texts.id, texts.streams)
        Task { await streams.stop(id) }
    }
}

/// Wakes the one task that reads a viewer.
final class News: ChunkViewerSink {
    private let stream = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))

    func viewerHasNews() { stream.continuation.yield() }

    func wait() async {
        for await _ in stream.stream { return }
    }
}
