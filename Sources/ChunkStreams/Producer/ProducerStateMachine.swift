import HubBackplane

/// What a producer owes the log: one append in flight, everything else waits in the text and leaves together when the
/// answer comes. Idle adds no delay and no timer, load makes bigger batches.
///
/// The text itself stays with the stream; the machine knows chunks by number only.
struct ProducerStateMachine: Sendable {
    enum Action: Equatable {
        case none
        /// Append the chunks after this one, as many as fit.
        case appendText(after: UInt64)
        /// Append the end, if the log still ends with this entry.
        case appendEnd(after: LogID)
        /// Read the log's last entry and say what it is.
        case readLogEnd
        /// Append the opening entry of this epoch, if the log still ends with this entry, as a writer that goes on with
        /// the same text. The log and the meta may be gone, or the log has a hole.
        case reopen(epoch: UInt64, after: LogID?)
        /// These chunks are in the log, but perhaps nobody was told: publish them, then go on with ``next(last:)``.
        case publishAgain(after: UInt64, through: UInt64)
        /// The end is in the log, but perhaps nobody was told: publish it.
        case publishEndAgain
        /// Ask again a little later (``retryTimePassed(last:)``).
        case retryLater
        /// The end is in the log.
        case ended
        /// Another one writes this stream now.
        case fenced
    }

    private enum Phase: Equatable {
        case idle
        case appendingText(through: UInt64)
        case appendingEnd
        case reading
        case reopening(epoch: UInt64)
        /// The backplane is away, or refused for a while.
        case waiting
        case ended
        case fenced
    }

    private var phase = Phase.idle
    /// The epoch this producer writes under.
    private(set) var epoch: UInt64
    /// The last chunk that the log has accepted.
    private(set) var acknowledged: UInt64 = 0
    /// The end was handed over and waits for its turn.
    private(set) var isEnding = false
    /// The log may have lost what it accepted: compare before anything is appended.
    private var mustCompare = false
    /// Readers cannot read on somewhere in the middle of the log.
    private var hasHole = false
    /// The lease is or was overdue: nothing is appended or shown before the log was looked at.
    private(set) var isPaused: Bool
    /// A log that is gone may have expired through the pause; it was not lost then, and is not to be brought back.
    private var mayHaveExpired = false
    /// An opening entry of this epoch was sent and not answered.
    private var unansweredReopening: UInt64?

    /// A producer whose opening entry was accepted.
    init(epoch: UInt64, isPaused: Bool = false) {
        self.epoch = epoch
        self.isPaused = isPaused
    }

    /// The last chunk that is in the log or on its way there.
    var appended: UInt64 {
        if case .appendingText(let through) = phase { through } else { acknowledged }
    }

    /// Whether text may still be handed over.
    var isOpen: Bool { !isEnding && phase != .fenced && phase != .ended }

    /// Whether the end is in the log.
    var hasEnded: Bool { phase == .ended }

    /// The text has grown to `last`, or there may be something to do.
    mutating func next(last: UInt64) -> Action {
        guard phase == .idle else { return .none }
        if mustCompare {
            mustCompare = false
            phase = .reading
            return .readLogEnd
        }
        if isPaused { return .none }
        if hasHole { return reopen(after: LogID(epoch: epoch, seq: acknowledged)) }
        if acknowledged < last {
            return .appendText(after: acknowledged)
        }
        if isEnding {
            phase = .appendingEnd
            return .appendEnd(after: LogID(epoch: epoch, seq: acknowledged))
        }
        return .none
    }

    /// The append asked for by ``Action/appendText(after:)`` goes up to here.
    mutating func appending(through last: UInt64) {
        phase = .appendingText(through: last)
    }

    /// No more text will come.
    mutating func end(last: UInt64) -> Action {
        guard isOpen else { return .none }
        isEnding = true
        return next(last: last)
    }

    /// The answer to an append.
    mutating func answered(_ answer: Result<LogAppendOutcome, BackplaneError>, last: UInt64) -> Action {
        switch (phase, answer) {
        case (.appendingText(let through), .success(.accepted)):
            acknowledged = through
            phase = .idle
            return next(last: last)
        case (.appendingEnd, .success(.accepted)):
            phase = .ended
            return .ended
        case (.reopening(let epoch), .success(.accepted)):
            reopened(epoch)
            return next(last: last)
        case (.appendingText, .success(.refused)), (.appendingEnd, .success(.refused)):
            phase = .reading
            return .readLogEnd
        case (.reopening(let epoch), .success(.refused)):
            unansweredReopening = epoch
            phase = .reading
            return .readLogEnd
        case (.appendingText, .success(.missing)), (.appendingEnd, .success(.missing)):
            return reopen(after: nil)
        case (.reopening(let epoch), .success(.missing)), (.reopening(let epoch), .failure):
            unansweredReopening = epoch
            return wait(answer)
        case (.appendingText, .failure), (.appendingEnd, .failure):
            return wait(answer)
        case (.idle, _), (.reading, _), (.waiting, _), (.ended, _), (.fenced, _):
            return .none
        }
    }

    /// What the log's last entry is.
    ///
    /// - Parameters:
    ///   - id: Its id, `nil` where there is no log.
    ///   - isEnd: Whether it is an end.
    ///   - isOwnOpening: Whether it is an opening entry of this node.
    ///   - isLeaseHeld: Whether the lease was held from before the log was read until now.
    mutating func logEnds(
        at id: LogID?, isEnd: Bool, isOwnOpening: Bool, isLeaseHeld: Bool = true, last: UInt64
    ) -> Action {
        guard phase == .reading else { return .none }
        if let id, isForeign(id, isEnd: isEnd, isOwnOpening: isOwnOpening, last: last) {
            phase = .fenced
            return .fenced
        }
        guard isLeaseHeld else {
            phase = .idle
            return next(last: last)
        }
        isPaused = false
        guard let id else {
            defer { mayHaveExpired = false }
            guard mayHaveExpired else { return reopen(after: nil) }
            phase = .fenced
            return .fenced
        }
        mayHaveExpired = false
        if id.epoch > epoch {
            reopened(id.epoch)
            return next(last: last)
        }
        guard id.epoch == epoch, !hasHole else { return reopen(after: id) }
        if isEnd {
            phase = .ended
            return .publishEndAgain
        }
        guard id.seq >= acknowledged else { return reopen(after: id) }
        phase = .idle
        let known = acknowledged
        guard id.seq > known else { return next(last: last) }
        acknowledged = min(id.seq, last)
        return .publishAgain(after: known, through: acknowledged)
    }

    /// Whether the log's last entry is one that somebody else has written.
    private func isForeign(_ id: LogID, isEnd: Bool, isOwnOpening: Bool, last: UInt64) -> Bool {
        if id.epoch > epoch { return !isOwnOpening || id.epoch != unansweredReopening }
        guard id.epoch == epoch else { return false }
        if isEnd { return !isEnding || id.seq != last + 1 }
        return id.seq == 0 && !isOwnOpening
    }

    /// The log's last entry could not be read.
    mutating func logUnreadable(_ error: BackplaneError) -> Action {
        guard phase == .reading else { return .none }
        return wait(.failure(error))
    }

    /// The backplane is ready (again), or a reader found a hole: what the log has must be compared with what it accepted.
    mutating func compareWithLog(last: UInt64) -> Action {
        guard phase != .fenced else { return .none }
        mustCompare = true
        if phase == .waiting || phase == .ended { phase = .idle }
        return next(last: last)
    }

    /// The lease is or was overdue: another node may have ended the stream.
    ///
    /// - Parameter mayHaveExpired: Whether so much time has passed that the log may have expired.
    mutating func pause(mayHaveExpired: Bool) {
        guard phase != .fenced, phase != .ended else { return }
        isPaused = true
        self.mayHaveExpired = self.mayHaveExpired || mayHaveExpired
    }

    /// The log has lost entries of this epoch, though not the last one.
    mutating func logHasHole(last: UInt64) -> Action {
        guard phase != .fenced else { return .none }
        hasHole = true
        // Its last entry is looked at first: it may be the end.
        return compareWithLog(last: last)
    }

    /// The backplane is away: it may come back without what it accepted.
    mutating func doubtLog() { mustCompare = true }

    /// The time that ``Action/retryLater`` asked for has passed.
    mutating func retryTimePassed(last: UInt64) -> Action {
        guard phase == .waiting else { return .none }
        phase = .idle
        return next(last: last)
    }

    private mutating func reopened(_ epoch: UInt64) {
        self.epoch = epoch
        acknowledged = 0
        hasHole = false
        unansweredReopening = nil
        phase = .idle
    }

    private mutating func reopen(after id: LogID?) -> Action {
        let next = max(epoch, unansweredReopening ?? 0) + 1
        phase = .reopening(epoch: next)
        return .reopen(epoch: next, after: id)
    }

    private mutating func wait(_ answer: Result<LogAppendOutcome, BackplaneError>) -> Action {
        phase = .waiting
        mustCompare = true
        return .retryLater
    }
}
