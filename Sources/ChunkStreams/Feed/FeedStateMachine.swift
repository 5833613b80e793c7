import DequeModule
import HubBackplane

/// How a node that does not produce a stream follows it: subscribe, wait for the confirmation, read the log, then take
/// live entries. Whatever does not follow on from what is known is answered by reading the log again; the channel is a
/// hint, the log is the truth.
struct FeedStateMachine: Sendable {
    enum Action: Equatable {
        case none
        /// Read the log after what is known and say what was there.
        case readLog
        /// Read the page of the log after the one that was read.
        case readNextPage
    }

    private enum Phase: Equatable {
        case subscribing
        case reading
        case live
        case ended
    }

    /// The most entries that wait while the log is read. When more come they are dropped and read from the log.
    static let heldLimit = 64

    private var phase = Phase.subscribing
    private var held: Deque<StreamEntry> = []
    private var readAgain = false
    /// What the log lacks as far as it was read; the producer is asked to write it again.
    private(set) var hole: LogHole?

    /// Everything up to the last entry that was heard is known.
    var isLive: Bool { phase == .live }

    /// The subscription is confirmed, for the first time or again, or nothing was heard for long.
    mutating func mustRead() -> Action {
        switch phase {
        case .subscribing, .live:
            return startReading()
        case .reading:
            readAgain = true
            return .none
        case .ended:
            return .none
        }
    }

    /// An entry came on the channel.
    mutating func received(_ entry: StreamEntry, content: inout StreamContent) -> Action {
        switch phase {
        case .subscribing, .ended:
            return .none
        case .reading:
            hold(entry)
            return .none
        case .live:
            // The log could not be read: nothing may be shown before it was.
            guard content.knownAfter != nil else {
                let action = startReading()
                hold(entry)
                return action
            }
            switch content.take(entry) {
            case .taken, .known:
                return endedOrNone(content)
            case .gap:
                held.append(entry)
                return startReading()
            }
        }
    }

    /// A page of the log was read.
    mutating func read(_ entries: [StreamEntry], isLast: Bool, content: inout StreamContent) -> Action {
        guard phase == .reading else { return .none }
        content.takeFromLog(entries, hole: &hole)
        if isLast || content.end != nil { content.reachedEndOfLog() }
        if content.end != nil { return endedOrNone(content) }
        if !isLast { return .readNextPage }
        while let entry = held.popFirst() {
            // It was published after the log had it, but after this page was read.
            if content.take(entry) == .gap { readAgain = true }
        }
        if content.end != nil { return endedOrNone(content) }
        if readAgain { return startReading() }
        phase = .live
        return .none
    }

    /// The log could not be read; the backplane's next ready reads it again.
    mutating func readFailed() {
        if phase == .reading { phase = .live }
    }

    private mutating func hold(_ entry: StreamEntry) {
        if held.count < Self.heldLimit {
            held.append(entry)
        } else {
            held.removeAll()
            readAgain = true
        }
    }

    private mutating func startReading() -> Action {
        phase = .reading
        readAgain = false
        hole = nil
        return .readLog
    }

    private mutating func endedOrNone(_ content: StreamContent) -> Action {
        if content.end != nil {
            phase = .ended
            held.removeAll()
        }
        return .none
    }
}
