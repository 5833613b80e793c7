import HubBackplane
import NIOCore

/// What is said in groups, on the backplane: one log each, written by any node, one entry after the other.
struct GroupLog: Sendable {
    /// How often an entry is written again behind one that was quicker.
    private static let attempts = 50

    let backplane: any Backplane
    let names: BackplaneNames
    let configuration: GroupChatConfiguration

    /// Writes an entry behind the last one; whoever follows the group hears of it.
    ///
    /// - Throws: `BackplaneError`
    @discardableResult
    func append(_ content: GroupEntry.Content, to group: String) async throws -> GroupEntry {
        let names = names.groupChat(group)
        let now = try await backplane.time()
        for attempt in 1... {
            let last = try await backplane.lastEntry(of: names.log)?.id
            let id = LogID(epoch: last?.epoch ?? UInt64(max(1, now)), seq: (last?.seq ?? 0) + 1)
            let entry = GroupEntry(id: id, at: now, content: content)
            let append = LogAppend(
                log: names.log, channel: names.channel, id: id, payload: entry.payload, creates: true,
                timeToLive: configuration.retention, keeping: configuration.maximumMessages)
            if try await backplane.append(append, ifLastIs: last) { return entry }
            guard attempt < Self.attempts else { break }
            // Who lost the race waits a little, so that as many writers as there are get through.
            try await Task.sleep(for: .milliseconds(Int.random(in: 0..<min(5 * attempt, 50))))
        }
        throw BackplaneError(.unavailable, "others wrote to the group's log all the time")
    }

    /// Hands over the entries after an id, oldest first.
    func read(_ group: String, after id: LogID?, _ take: ([GroupEntry]) -> Void) async throws {
        let log = names.groupChat(group).log
        var last = id
        while true {
            let page = try await backplane.read(log, after: last)
            take(page.entries.compactMap { GroupEntry(payload: $0.payload) })
            last = page.entries.last?.id ?? last
            if page.isLast { return }
        }
    }

    func history(of group: String) async throws -> GroupHistory {
        var history = GroupHistory(limit: configuration.maximumMessages)
        try await read(group, after: nil) { for entry in $0 { history.append(entry) } }
        return history
    }
}

/// The bounds of groups.
package struct GroupChatConfiguration: Sendable {
    /// The most entries of a group's log: a message is one, a reply two.
    package var maximumMessages = 200
    /// How long a group's log is kept after its last entry.
    package var retention: Duration = .seconds(24 * 3600)

    package init() {}
}
