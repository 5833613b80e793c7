/// Where one viewer stands.
struct ViewerState: Sendable {
    enum Next {
        case event(ChunkViewerEvent)
        /// Nothing now.
        case nothing
        /// What it needs is not in the node's window any more: read the log for it.
        case readLog
    }

    let number: Int
    let sink: any ChunkViewerSink
    var cursor: ChunkCursor
    /// The sink was told and has not read to the end yet.
    var isSignalled = false
    /// A viewer behind the window reads the log for itself until it has caught up.
    var own: StreamContent?
    private var isReadingLog = false
    /// What it still needs is not in the log any more.
    private var isLost = false

    init(number: Int, sink: any ChunkViewerSink, cursor: ChunkCursor) {
        self.number = number
        self.sink = sink
        self.cursor = cursor
    }

    /// Takes the next event from what the node has.
    mutating func next(from content: StreamContent, limit: Int) -> Next {
        if content.textEpoch > cursor.textEpoch {
            let hadText = cursor.seq > 0
            cursor = ChunkCursor(textEpoch: content.textEpoch, seq: 0)
            own = nil
            if hadText { return .event(.restarted(cursor)) }
        }
        if content.textEpoch == cursor.textEpoch {
            if cursor.seq < content.text.base {
                return nextOfOwn(limit: limit)
            }
            own = nil
            if let piece = content.text.read(after: cursor.seq, limit: limit) {
                cursor.seq = piece.last
                return .event(.text(piece.text, cursor))
            }
        }
        if let end = content.end { return .event(.ended(end)) }
        return .nothing
    }

    /// Whether there may be another event at once after the one that was taken.
    func mayHaveMore(of content: StreamContent, after next: Next) -> Bool {
        switch next {
        case .event(.text):
            own != nil || content.end != nil || content.textEpoch != cursor.textEpoch
                || content.text.last != cursor.seq
        case .event(.restarted): true
        case .event(.ended), .event(.lost), .nothing, .readLog: false
        }
    }

    /// What was read from the log for this viewer. A last page without news means that the log was lost.
    mutating func read(_ entries: [StreamEntry], isLast: Bool) {
        isReadingLog = false
        var content = own ?? StreamContent(after: cursor)
        for entry in entries { _ = content.takeFromLog(entry) }
        isLost = isLast && content.text.last <= cursor.seq
        own = content
    }

    /// The log could not be read; it is read again when the viewer asks next.
    mutating func readFailed() {
        isReadingLog = false
    }

    private mutating func nextOfOwn(limit: Int) -> Next {
        if isLost { return .event(.lost) }
        guard let piece = own?.text.read(after: cursor.seq, limit: limit) else {
            if isReadingLog { return .nothing }
            isReadingLog = true
            own = own ?? StreamContent(after: cursor)
            return .readLog
        }
        cursor.seq = piece.last
        own?.text.drop(through: piece.last)
        return .event(.text(piece.text, cursor))
    }
}
