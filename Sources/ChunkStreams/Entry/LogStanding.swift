import HubBackplane

/// How far a log is, and who writes it, without its text.
struct LogStanding {
    /// The last entry.
    let last: LogID
    /// The last chunk.
    let seq: UInt64
    /// The opening entry of the last epoch; `nil` for an end that was written by somebody who produced nothing.
    let opening: StreamEntry.Opening?
    /// How it ended, where it has.
    let end: StreamEnd?
}

extension StreamNode {
    /// Reads the last entry of a log, and the opening entry of its epoch; `nil` where there is no log.
    func standing(_ names: BackplaneNames.Stream) async throws -> LogStanding? {
        guard let last = try await backplane.lastEntry(of: names.log) else { return nil }
        switch StreamEntry(payload: last.payload) {
        case .open(let opening):
            return LogStanding(last: last.id, seq: 0, opening: opening, end: nil)
        case .end(_, let end):
            return LogStanding(last: last.id, seq: end.chunks, opening: nil, end: end)
        case .chunks, .retraction, nil:
            let epoch = try await backplane.read(names.log, after: LogID(epoch: max(last.id.epoch, 1) - 1, seq: .max))
            guard case .open(let opening)? = epoch.streamEntries.first else {
                return LogStanding(last: last.id, seq: last.id.seq, opening: nil, end: nil)
            }
            return LogStanding(last: last.id, seq: last.id.seq, opening: opening, end: nil)
        }
    }
}
