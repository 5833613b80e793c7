import HubBackplane
import Synchronization

/// Reading a stream on this node.
extension LiveStream {
    /// Attaches a viewer; `nil` where the stream was given up on this node meanwhile.
    func attach(_ sink: any ChunkViewerSink, after cursor: ChunkCursor) -> ChunkViewer? {
        state.withLock { state in
            guard !state.isClosed else { return nil }
            let number = state.viewers.add(sink, at: cursor)
            state.viewers.signal()
            return ChunkViewer(stream: self, number: number)
        }
    }

    func nextEvent(ofViewer number: Int, limit: Int) -> (event: ChunkViewerEvent, hasMore: Bool)? {
        let (next, hasMore, read) = state.withLock { state -> (ViewerState.Next, Bool, ReadChunks) in
            if state.isPaused(in: node.leases.term, retention: node.configuration.retention) {
                state.viewers.update(number) { $0.isSignalled = false }
                return (.nothing, false, ReadChunks())
            }
            let end = state.production?.shown ?? .max
            let (next, hasMore, read) =
                state.viewers.update(number) { viewer in
                    let (before, hadCaughtUp) = (viewer.cursor, viewer.hasCaughtUp)
                    let next = viewer.next(from: state.content, limit: limit, through: end)
                    viewer.isSignalled = viewer.mayHaveMore(of: state.content, after: next, through: end)
                    if viewer.cursor.seq == state.content.text.last { viewer.hasCaughtUp = true }
                    // Who begins in the midst of a text reads what is old.
                    let read = ReadChunks(
                        after: before, through: viewer.cursor, timed: hadCaughtUp ? state.content.timed : nil)
                    return (next, viewer.isSignalled, read)
                } ?? (.nothing, false, ReadChunks())
            if case .event = next { state.letGoOfReadText() }
            return (next, hasMore, read)
        }
        if read.count > 0 { node.metrics.delivered(chunks: read.count) }
        if let time = read.appendedAt { node.metrics.delivered(appendedAt: time) }
        switch next {
        case .event(let event):
            switch event {
            case .ended, .lost: removeViewer(number)
            case .text, .retracted, .restarted: break
            }
            return (event, hasMore)
        case .readLog:
            readLog(forViewer: number)
            return nil
        case .learnRetractions(let cursor):
            learnRetractions(after: cursor)
            return nil
        case .nothing:
            return nil
        }
    }

    func removeViewer(_ number: Int) {
        closeIfUnused { $0.viewers.remove(number) }
    }

    /// Gives the stream up on this node where, after a change, nobody reads it and nobody produces it here.
    func closeIfUnused(after change: (inout State) -> Void = { _ in }) {
        let (following, isClosed) = state.withLock { state in
            change(&state)
            return (state.closeWhenUnused(), state.isClosed)
        }
        if isClosed { node.registry.remove(self) }
        if let following { leave(following) }
    }

    private func leave(_ following: Following) {
        following.cancel()
        // A stream that has ended has no producer any more, and nothing is appended to it.
        guard let producer = following.producer, let epoch = following.askedEpoch else { return }
        say(.unfollow(id, epoch: epoch, tag: tag, follower: node.id), to: producer)
    }

    /// A viewer is behind what this node keeps: it gets the next page of the log for itself.
    private func readLog(forViewer number: Int) {
        Task {
            let position = state.withLock { $0.viewers.update(number) { $0.ownPosition } ?? nil }
            let page = try? await node.backplane.read(names.log, after: position)
            let (hole, isInVain) = state.withLock { state in
                state.viewers.update(number) { viewer -> (LogHole?, Bool) in
                    guard let page else {
                        viewer.readFailed()
                        return (nil, true)
                    }
                    return (viewer.read(page), viewer.isReadingInVain)
                } ?? (nil, false)
            }
            if let hole { report(hole) }
            // While the backplane is away every read fails at once.
            if isInVain { try? await Task.sleep(for: .seconds(1)) }
            state.withLock { $0.viewers.signal() }
        }
    }
}

/// The chunks that a viewer has just read.
private struct ReadChunks {
    var count = 0
    /// When the timed one of them was appended, where they have one.
    var appendedAt: Int64?

    init() {}

    init(after before: ChunkCursor, through cursor: ChunkCursor, timed: TimedChunk?) {
        guard before.textEpoch == cursor.textEpoch, cursor.seq > before.seq else { return }
        count = Int(cursor.seq - before.seq)
        if let timed, timed.seq > before.seq, timed.seq <= cursor.seq { appendedAt = timed.appendedAt }
    }
}

extension LiveStream.State {
    /// The text that every viewer has read is only kept where it is produced.
    fileprivate mutating func letGoOfReadText() {
        guard production == nil, let viewer = viewers.only, viewer.cursor.seq == content.text.last,
            viewer.cursor.textEpoch == content.textEpoch
        else { return }
        content.text.drop(through: viewer.cursor.seq)
    }

    /// Keeps the text that viewers have not read within a bound; who is further behind reads the log.
    mutating func boundText(to limit: Int) {
        guard production == nil, content.text.byteCount > limit else { return }
        let slowest = viewers.slowest(inText: content.textEpoch)
        content.text.drop(through: slowest ?? content.text.last)
        if content.text.byteCount > limit {
            content.text.drop(through: content.text.base + (content.text.last - content.text.base) / 2)
        }
    }

    /// Closes a stream that nobody reads and nobody produces here.
    fileprivate mutating func closeWhenUnused() -> Following? {
        guard viewers.isEmpty, production == nil else { return nil }
        isClosed = true
        defer { following = Following() }
        return following
    }
}
