import ChunkStreams
import HubServer
import NIOCore
import Synchronization

/// One reply as one connection sees it: a viewer of its stream on one side, the connection's outbox on the other.
///
/// Nothing is queued here. When the transport can take more it asks, and gets what the stream has by then in one piece.
final class ReplyView: OutboxSource, ChunkViewerSink {
    private struct State {
        var viewer: ChunkViewer?
        var hasBegun = false
        /// A failure that the stream does not tell.
        var problem: StreamProblem?
        /// How it ended, once that was written to the client.
        var finish: String?
        var isOver = false
        var waiter: CheckedContinuation<String?, Never>?
    }

    private let connection: HubConnection
    private let events: ReplyEvents
    private let onEnd: @Sendable () -> Void
    private let state = Mutex(State())

    /// - Parameter onEnd: Called once when the reply has ended for this connection.
    init(id: ChunkStreamID, connection: HubConnection, onEnd: @escaping @Sendable () -> Void) {
        self.connection = connection
        events = ReplyEvents(id: id)
        self.onEnd = onEnd
    }

    /// Tells the client that the ask was accepted.
    func begin() { connection.enqueue(self) }

    /// Reads the stream through this viewer from now on.
    func read(_ viewer: ChunkViewer) {
        let old = state.withLock { state -> ChunkViewer? in
            defer { state.viewer = viewer }
            return state.viewer
        }
        old?.cancel()
        // The viewer may have called while it was not here yet.
        connection.enqueue(self)
    }

    /// Ends the reply for this connection with a failure that is not in its log.
    func fail(_ problem: StreamProblem) {
        state.withLock { $0.problem = problem }
        connection.enqueue(self)
    }

    /// Waits until the client was told the end: how it ended, `nil` where the connection ended before.
    func ended() async -> String? {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isDecided = state.withLock { state in
                    guard !state.isOver else { return true }
                    state.waiter = continuation
                    return false
                }
                if isDecided { continuation.resume(returning: state.withLock { $0.finish }) }
            }
        } onCancel: {
            connectionEnded()
        }
    }

    // MARK: ChunkViewerSink

    func viewerHasNews() { connection.enqueue(self) }

    // MARK: OutboxSource

    func write(into buffer: inout ByteBuffer, limit: Int) -> Bool {
        let (viewer, problem, begins, isOver) = state.withLock { state in
            defer { state.hasBegun = true }
            return (state.viewer, state.problem, !state.hasBegun, state.isOver)
        }
        if isOver { return false }
        if begins { events.typing(true, into: &buffer) }
        if let problem {
            events.typing(false, into: &buffer)
            events.failed(problem, into: &buffer)
            end(as: "failed")
            return false
        }
        guard let viewer else { return false }
        while let event = viewer.next(limit: limit) {
            switch event {
            case .text(let text, let cursor):
                events.partial(text, cursor: cursor, into: &buffer)
            case .restarted(let cursor):
                events.restarted(cursor, into: &buffer)
            case .ended(let end):
                events.typing(false, into: &buffer)
                events.ended(end, into: &buffer)
                self.end(as: end.finish.word)
                return false
            case .lost:
                events.typing(false, into: &buffer)
                events.failed(.logLost, into: &buffer)
                end(as: "failed")
                return false
            }
            if buffer.readableBytes >= limit { return true }
        }
        return false
    }

    func connectionEnded() { end(as: nil) }

    private func end(as finish: String?) {
        let (viewer, waiter, isFirst) = state.withLock { state in
            defer {
                state.isOver = true
                state.viewer = nil
                state.waiter = nil
            }
            if !state.isOver { state.finish = finish }
            return (state.viewer, state.waiter, !state.isOver)
        }
        guard isFirst else { return }
        viewer?.cancel()
        waiter?.resume(returning: finish)
        onEnd()
    }
}
