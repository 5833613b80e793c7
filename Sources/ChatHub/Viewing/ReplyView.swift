import ChunkStreams
import CoreMetrics
import HubServer
import NIOCore
import Synchronization

/// One reply as one connection sees it: a viewer of its stream on one side, the connection's outbox on the other.
///
/// Nothing is queued here. When the transport can take more it asks, and gets what the stream has by then in one piece.
final class ReplyView: OutboxSource, ChunkViewerSink {
    private struct State {
        var viewer: ChunkViewer?
        /// Where `viewer` began to read.
        var beginning = ChunkCursor.start
        /// Takes the place of `viewer` with the next write, so that no write uses both.
        var next: (viewer: ChunkViewer, beginning: ChunkCursor)?
        var hasBegun = false
        /// While the first text is waited for, since when.
        var firstText: (timer: CoreMetrics.Timer, since: ContinuousClock.Instant)?
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
        events = ReplyEvents(id: id, encoding: connection.encoding)
        self.onEnd = onEnd
    }

    /// Tells the client that the ask was accepted.
    ///
    /// - Parameter timer: Times how long the first text takes.
    func begin(timing timer: CoreMetrics.Timer? = nil) {
        if let timer { state.withLock { $0.firstText = (timer, .now) } }
        connection.enqueue(self)
    }

    /// Reads the stream through this viewer from now on.
    ///
    /// What was sent on this connection from an earlier place on arrives, and is not sent again.
    ///
    /// - Parameter beginning: Where the viewer begins.
    /// - Returns: `false` where the reply is over for this view.
    @discardableResult
    func read(_ viewer: ChunkViewer, from beginning: ChunkCursor) -> Bool {
        let (unused, isOpen) = state.withLock { state -> (ChunkViewer?, Bool) in
            if state.isOver { return (viewer, false) }
            let reading = state.next?.beginning ?? (state.viewer == nil ? nil : state.beginning)
            if let reading, reading <= beginning { return (viewer, true) }
            defer { state.next = (viewer, beginning) }
            return (state.next?.viewer, true)
        }
        unused?.cancel()
        // The viewer may have called while it was not here yet.
        connection.enqueue(self)
        return isOpen
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
        let (viewer, old, problem, begins, isOver, isTimed) = state.withLock { state in
            let old = state.next == nil ? nil : state.viewer
            if let next = state.next {
                state.viewer = next.viewer
                state.beginning = next.beginning
                state.next = nil
            }
            defer { state.hasBegun = true }
            return (state.viewer, old, state.problem, !state.hasBegun, state.isOver, state.firstText != nil)
        }
        old?.cancel()
        if isOver { return false }
        if begins { events.typing(true, into: &buffer) }
        if let problem {
            events.typing(false, into: &buffer)
            events.failed(problem, into: &buffer)
            end(as: "failed")
            return false
        }
        guard let viewer else { return false }
        while let (event, hasMore) = viewer.next(limit: limit) {
            switch event {
            case .text(let text, let cursor):
                if isTimed { firstTextCame() }
                events.partial(text, cursor: cursor, into: &buffer)
            case .retracted(let retraction, let cursor):
                events.retracted(retraction, cursor: cursor, into: &buffer)
            case .restarted(let cursor):
                events.restarted(cursor, into: &buffer)
            case .ended, .lost:
                // Somebody has just asked for earlier text: that comes before the end.
                if state.withLock({ $0.next != nil }) { return true }
                tellEnd(event, into: &buffer)
                return false
            }
            guard hasMore else { return false }
            if buffer.readableBytes >= limit { return true }
        }
        return false
    }

    private func firstTextCame() {
        let first = state.withLock { state in
            defer { state.firstText = nil }
            return state.firstText
        }
        if let first { first.timer.recordNanoseconds(TimeAmount(.now - first.since).nanoseconds) }
    }

    private func tellEnd(_ event: ChunkViewerEvent, into buffer: inout ByteBuffer) {
        events.typing(false, into: &buffer)
        if case .ended(let end) = event {
            events.ended(end, into: &buffer)
            self.end(as: end.finish.word)
        } else {
            events.failed(.logLost, into: &buffer)
            self.end(as: "failed")
        }
    }

    func connectionEnded() { end(as: nil) }

    private func end(as finish: String?) {
        let (viewer, next, waiter, isFirst) = state.withLock { state in
            defer {
                state.isOver = true
                state.viewer = nil
                state.next = nil
                state.waiter = nil
            }
            if !state.isOver { state.finish = finish }
            return (state.viewer, state.next?.viewer, state.waiter, !state.isOver)
        }
        guard isFirst else { return }
        viewer?.cancel()
        next?.cancel()
        waiter?.resume(returning: finish)
        onEnd()
    }
}
