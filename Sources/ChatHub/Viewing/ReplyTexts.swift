import ChunkStreams
import HubServer
import NIOCore

/// The text of one reply, in pieces, for a SignalR stream. Ending the iteration early stops the reply.
struct ReplyTexts: AsyncSequence, Sendable {
    typealias Element = String

    let id: ChunkStreamID
    let streams: ChunkStreams

    func makeAsyncIterator() -> Iterator { Iterator(id: id, streams: streams) }

    struct Iterator: AsyncIteratorProtocol {
        private static let pieceLimit = 16 * 1024

        private let id: ChunkStreamID
        private let streams: ChunkStreams
        private let news = News()
        private let viewer: ChunkViewer
        private var isOver = false

        init(id: ChunkStreamID, streams: ChunkStreams) {
            self.id = id
            self.streams = streams
            viewer = streams.view(id, after: .start, sink: news)
        }

        mutating func next() async throws -> String? {
            while !isOver {
                switch viewer.next(limit: Self.pieceLimit) {
                case .text(let text, _):
                    return String(buffer: text)
                case .restarted:
                    isOver = true
                    throw HubError("The reply was begun again; ask once more.")
                case .lost:
                    isOver = true
                    throw HubError(StreamProblem.logLost.message)
                case .ended(let end):
                    isOver = true
                    if case .failed(let problem) = end.finish { throw HubError("\(problem.code): \(problem.message)") }
                case nil:
                    await news.wait()
                    if Task.isCancelled {
                        isOver = true
                        viewer.cancel()
                        let (id, streams) = (id, streams)
                        Task { await streams.stop(id) }
                        throw CancellationError()
                    }
                }
            }
            return nil
        }
    }
}

/// Wakes the one task that reads a viewer.
private final class News: ChunkViewerSink {
    private let stream = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))

    func viewerHasNews() { stream.continuation.yield() }

    func wait() async {
        for await _ in stream.stream { return }
    }
}
