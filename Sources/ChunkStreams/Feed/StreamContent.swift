import HubBackplane

/// A place in a log where chunks are missing although later ones are there, as a failover can leave it.
struct LogHole: Sendable, Equatable {
    /// Whose entries are missing.
    var epoch: UInt64
    /// The last chunk before the hole.
    var after: UInt64
}

/// What a node knows of a stream: its text (or the part its viewers still want), whose epoch it is, and how it ended.
struct StreamContent: Sendable {
    enum Taken: Equatable {
        case taken
        /// Nothing new: a repeat, or from a writer whose time is over.
        case known
        /// It does not follow on from what is here.
        case gap
    }

    /// The writer's epoch, 0 before any opening entry was seen.
    private(set) var epoch: UInt64
    /// The epoch in which this text began.
    private(set) var textEpoch: UInt64
    var text: StreamText
    private(set) var end: StreamEnd?
    /// The node that produces it, as far as its opening entry was seen.
    private(set) var producer: NodeID?
    /// The place at which it begins is a client's claim that was not compared with the log yet.
    private(set) var isClaimed: Bool
    /// The chunk after which all retractions are known that the log had when it was read: text from there on may be shown.
    /// `nil` before the log's end was reached for the first time.
    private(set) var knownAfter: UInt64?
    /// The chunk after which the text here begins.
    private var beginning: UInt64 = 0
    /// The last chunk that is timed.
    private(set) var timed = TimedChunk()

    /// What a viewer knows that has read up to `cursor`.
    init(after cursor: ChunkCursor, retractions: Retractions = Retractions()) {
        isClaimed = cursor.seq > 0
        epoch = isClaimed ? cursor.textEpoch : 0
        textEpoch = isClaimed ? cursor.textEpoch : 1
        text = StreamText(after: cursor.seq, retractions: retractions)
        beginning = cursor.seq
    }

    /// What a producer knows that has just opened.
    ///
    /// - Parameter text: What it goes on with.
    init(opening: StreamEntry.Opening, text: StreamText = StreamText()) {
        epoch = opening.epoch
        textEpoch = opening.textEpoch
        self.text = text
        producer = opening.node
        isClaimed = false
        knownAfter = text.base
    }

    /// The id after which the log is read on; `nil` reads it from its beginning.
    ///
    /// A writer that goes on with the text of an older epoch writes it again under the same seqs, so the place in an
    /// epoch is always the last chunk that is known.
    var position: LogID? { epoch == 0 ? nil : LogID(epoch: epoch, seq: text.last) }

    /// Compares the claimed beginning with the log. One that lies beyond its end is given up for the log's own beginning:
    /// a client may ask for what it likes, but others view the stream as well.
    mutating func compareClaim(with standing: LogStanding?) {
        isClaimed = false
        let isBeyond =
            switch standing {
            case nil: true
            case .some(let standing) where standing.opening == nil: text.last > standing.seq
            case .some(let standing):
                standing.opening.map { (textEpoch, text.last) > ($0.textEpoch, standing.seq) } ?? false
            }
        if isBeyond {
            self = StreamContent(after: .start)
        } else if standing?.last.epoch == epoch {
            producer = standing?.opening?.node
        }
    }

    /// Takes an entry of the channel.
    mutating func take(_ entry: StreamEntry) -> Taken {
        guard end == nil else { return .known }
        switch entry {
        case .open(let opening):
            guard opening.epoch > epoch else { return .known }
            begin(opening)
            return .taken
        case .chunks(let chunks):
            guard chunks.epoch >= epoch else { return .known }
            // A writer whose opening entry was not seen: its text may begin anew.
            guard chunks.epoch == epoch, chunks.first <= text.last + 1 else { return .gap }
            guard chunks.last > text.last else { return .known }
            text.append(chunks)
            if let time = chunks.appendedAt { wasAppended(at: time, after: 0) }
            return .taken
        case .retraction(let epoch, let retraction):
            guard epoch >= self.epoch else { return .known }
            guard epoch == self.epoch, retraction.seq <= text.last + 1 else { return .gap }
            guard retraction.seq > text.last else { return .known }
            text.retract(retraction)
            return .taken
        case .end(let epoch, let end):
            guard epoch >= self.epoch else { return .known }
            guard epoch == self.epoch, end.chunks <= text.last else { return .gap }
            self.end = end
            return .taken
        }
    }

    /// Takes an entry of the log, which has an opening entry in front of every epoch and is read from a place in one.
    mutating func takeFromLog(_ entry: StreamEntry) -> Taken {
        // An end in a new epoch without an opening entry was written by somebody who produced nothing.
        if self.end == nil, case .end(let epoch, let end) = entry, epoch > self.epoch, end.chunks <= text.last {
            self.end = end
            self.epoch = epoch
            return .taken
        }
        return take(entry)
    }

    /// Takes entries of the log.
    ///
    /// - Parameter hole: What the log lacks, as far as it was read.
    mutating func takeFromLog(_ entries: [StreamEntry], hole: inout LogHole?) {
        for entry in entries {
            if takeFromLog(entry) == .gap, hole == nil { hole = LogHole(epoch: epoch, after: text.last) }
            // Its producer has written the text again, or is about to.
            if let epoch = hole?.epoch, epoch < self.epoch { hole = nil }
        }
    }

    /// The log was read to its end.
    mutating func reachedEndOfLog() {
        if knownAfter == nil { knownAfter = beginning }
    }

    /// What was taken back of the text from an earlier place on.
    mutating func learn(_ retractions: Retractions, after seq: UInt64, of textEpoch: UInt64) {
        guard textEpoch == self.textEpoch, let knownAfter, seq < knownAfter else { return }
        for retraction in retractions.all { text.learn(retraction) }
        self.knownAfter = seq
    }

    /// The last chunks were appended.
    ///
    /// - Parameters:
    ///   - time: In microseconds of the backplane's clock.
    ///   - seq: What was here before.
    mutating func wasAppended(at time: @autoclosure () -> Int64, after seq: UInt64) {
        guard let chunk = TimedChunk.seq(after: seq, through: text.last) else { return }
        timed = TimedChunk(seq: chunk, appendedAt: time())
    }

    /// Ends the text: the producer's own end was accepted.
    mutating func finish(_ end: StreamEnd) { self.end = end }

    /// The producer goes on under another epoch, after the log was lost.
    mutating func continues(under epoch: UInt64) { self.epoch = epoch }

    private mutating func begin(_ opening: StreamEntry.Opening) {
        epoch = opening.epoch
        producer = opening.node
        if opening.textEpoch != textEpoch {
            textEpoch = opening.textEpoch
            text = StreamText()
            beginning = 0
            if knownAfter != nil { knownAfter = 0 }
        }
    }
}
