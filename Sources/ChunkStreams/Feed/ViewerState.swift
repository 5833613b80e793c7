import HubBackplane

/// Where one viewer stands.
struct ViewerState: Sendable {
    enum Next {
        case event(ChunkViewerEvent)
        /// Nothing now.
        case nothing
        /// What it needs is not in the node's window any more: read the log for it.
        case readLog
        /// What was taken back of the text that it reads is not known yet: read the log for that.
        case learnRetractions(after: ChunkCursor)
    }

    /// They are a second apart: as long as a producer may need to write a log again that was lost.
    private static let maximumVainReadings = 3

    let number: Int
    let sink: any ChunkViewerSink
    var cursor: ChunkCursor
    /// The last retraction that it was told of.
    private var told: UInt64 = 0
    /// The sink was told and has not read to the end yet.
    var isSignalled = false
    /// It has read to the end of what was there, once at least.
    var hasCaughtUp = false
    /// A viewer behind the window reads the log for itself until it has caught up: one content then. Most viewers have
    /// none, and room for it in place would lie between what is needed for each chunk.
    private var ownContents: [StreamContent] = []
    /// The last entry of the page it has read; `nil` where it begins anew.
    private var ownPage: LogID?
    private var isReadingLog = false
    /// How often it read to the log's end and found nothing: whoever produces the stream may have to write it again.
    private var vainReadings = 0

    private(set) var own: StreamContent? {
        get { ownContents.first }
        _modify {
            var own = ownContents.popLast()
            defer { if let own { ownContents.append(own) } }
            yield &own
        }
    }

    init(number: Int, sink: any ChunkViewerSink, cursor: ChunkCursor) {
        self.number = number
        self.sink = sink
        self.cursor = cursor
    }

    /// Takes the next event from what the node has.
    ///
    /// - Parameter end: The last chunk that may be shown.
    mutating func next(from content: StreamContent, limit: Int, through end: UInt64 = .max) -> Next {
        // It may be anything that another viewer has said.
        guard !content.isClaimed, let knownAfter = content.knownAfter else { return .nothing }
        if content.textEpoch > cursor.textEpoch {
            let hadText = cursor.seq > 0
            cursor = ChunkCursor(textEpoch: content.textEpoch, seq: 0)
            told = 0
            own = nil
            if hadText { return .event(.restarted(cursor)) }
        }
        if content.textEpoch == cursor.textEpoch {
            if cursor.seq < knownAfter { return .learnRetractions(after: cursor) }
            if let retraction = takeRetraction(of: content.text.retractions, through: end) {
                return .event(.retracted(retraction, cursor))
            }
            if cursor.seq < content.text.base, !hasCaughtUp(with: content.text) {
                return nextOfOwn(with: content.text, limit: limit)
            }
            own = nil
            if let text = content.text.read(advancing: &cursor.seq, limit: limit, through: end) {
                return .event(.text(text, cursor))
            }
        }
        if let end = content.end { return .event(.ended(end)) }
        return .nothing
    }

    /// Whether there may be another event at once after the one that was taken.
    func mayHaveMore(of content: StreamContent, after next: Next, through end: UInt64 = .max) -> Bool {
        switch next {
        case .event(.text):
            own != nil || content.end != nil || content.textEpoch != cursor.textEpoch
                || min(content.text.last, end) > cursor.seq
        case .event(.restarted), .event(.retracted): true
        case .event(.ended), .event(.lost), .nothing, .readLog, .learnRetractions: false
        }
    }

    /// After which entry the log is to be read for this viewer.
    var ownPosition: LogID? { ownPage ?? own?.position }

    /// What was read from the log for this viewer.
    ///
    /// - Returns: What the log lacks.
    mutating func read(_ page: LogPage) -> LogHole? {
        isReadingLog = false
        var hole: LogHole?
        let last = own?.text.last ?? 0
        own?.takeFromLog(page.streamEntries, hole: &hole)
        let hasNews = own.map { $0.text.last > last } ?? false
        ownPage = page.isLast ? nil : page.entries.last?.id
        if hasNews { vainReadings = 0 } else if page.isLast { vainReadings += 1 }
        return hole
    }

    /// Whether the last reading has brought nothing: to be tried again a little later.
    var isReadingInVain: Bool { vainReadings > 0 }

    /// The log could not be read; it is read again when the viewer asks next.
    mutating func readFailed() {
        isReadingLog = false
    }

    /// Whether all is read that the node does not have any more: the rest of it was taken back, and has no text.
    private mutating func hasCaughtUp(with shared: StreamText) -> Bool {
        for retraction in shared.retractions.all { own?.text.learn(retraction) }
        guard let own, own.text.last >= shared.base else { return false }
        var seq = cursor.seq
        guard own.text.read(advancing: &seq, limit: 1, through: shared.base) == nil else { return false }
        cursor.seq = shared.base
        return true
    }

    private mutating func nextOfOwn(with shared: StreamText, limit: Int) -> Next {
        if vainReadings > Self.maximumVainReadings { return .event(.lost) }
        // Not beyond what the node has, as that knows what was taken back.
        var seq = cursor.seq
        guard let text = own?.text.read(advancing: &seq, limit: limit, through: shared.last) else {
            if isReadingLog { return .nothing }
            isReadingLog = true
            if own == nil {
                own = StreamContent(after: cursor, retractions: shared.retractions)
                ownPage = nil
            }
            return .readLog
        }
        cursor.seq = seq
        own?.text.drop(through: seq)
        return .event(.text(text, cursor))
    }

    /// What has to be told before any more text.
    private mutating func takeRetraction(of retractions: Retractions, through end: UInt64) -> ChunkRetraction? {
        guard let last = retractions.last?.seq, last > told, last <= end,
            let deepest = retractions.deepest(after: max(cursor.seq, told))
        else { return nil }
        told = last
        defer { if cursor.seq > deepest.keepSeq { cursor.seq = deepest.seq } }
        return deepest.told(after: cursor.seq)
    }
}
