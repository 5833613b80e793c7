import HubBackplane

/// How a node keeps up with a group's log: entries of the channel where they follow each other, the log where one is
/// missing. A value without I/O.
struct GroupFollowing {
    enum Action: Equatable {
        case none
        case deliver
        case readLog
    }

    private var last: LogID?
    private var isReading = false
    private var mustReadAgain = false
    /// Whether the log was read to its end once.
    private(set) var isLive = false

    /// The log has to be read: the subscription is confirmed, for the first time or again.
    mutating func subscribed() -> Action {
        guard !isReading else {
            mustReadAgain = true
            return .none
        }
        isReading = true
        return .readLog
    }

    /// An entry came on the channel.
    mutating func heard(_ id: LogID) -> Action {
        if let last, id <= last { return .none }
        guard isLive, !isReading, id.follows(last) else { return subscribed() }
        last = id
        return .deliver
    }

    /// An entry was read in the log.
    mutating func read(_ id: LogID) -> Action {
        if let last, id <= last { return .none }
        last = id
        return .deliver
    }

    /// The log was read to its end.
    ///
    /// - Returns: Whether to read on, as more has come meanwhile.
    mutating func hasRead() -> Action {
        isLive = true
        guard mustReadAgain else {
            isReading = false
            return .none
        }
        mustReadAgain = false
        return .readLog
    }

    mutating func readFailed() {
        isReading = false
        mustReadAgain = false
    }

    /// Where to read on.
    var position: LogID? { last }
}

extension LogID {
    /// Whether nothing can be between the two.
    fileprivate func follows(_ last: LogID?) -> Bool {
        guard let last else { return seq == 1 }
        return epoch == last.epoch && seq == last.seq + 1
    }
}
