import ChunkStreams
import HubBackplane
import HubServer
import Logging
import Synchronization

/// One group on one node: its members here, and its log as far as it was told to them.
final class GroupRoom: Sendable {
    private struct State {
        var members: [String: GroupMember] = [:]
        var following = GroupFollowing()
        var history: GroupHistory
        var subscription: ChannelSubscription?
        var isClosed = false
    }

    /// A reply that is older has no end in the log because its node was lost.
    private static let longestReply: Int64 = 15 * 60 * 1000

    let name: String
    private let chat: ChatHub
    private let log: GroupLog
    private let state: Mutex<State>
    /// The first reading of the log, for which whoever joins has to wait.
    private let opening = Mutex<Task<Void, any Error>?>(nil)

    init(name: String, chat: ChatHub, log: GroupLog) {
        self.name = name
        self.chat = chat
        self.log = log
        state = Mutex(State(history: GroupHistory(limit: log.configuration.maximumMessages)))
    }

    /// Returns when the group's log is known here.
    func open() async throws {
        let task = opening.withLock { opening in
            let task = opening ?? Task { try await self.follow() }
            opening = task
            return task
        }
        do {
            try await task.value
        } catch {
            opening.withLock { if $0 == task { $0 = nil } }
            throw error
        }
    }

    private func follow() async throws {
        let subscription = try await log.backplane.subscribe(to: log.names.groupChat(name).channel) { [weak self] in
            self?.heard($0)
        }
        let isOpen = state.withLock { state in
            guard !state.isClosed else { return false }
            state.subscription = subscription
            return true
        }
        guard isOpen else { return subscription.cancel() }
        if state.withLock({ $0.following.subscribed() }) == .readLog { try await readLog() }
    }

    private func heard(_ event: SubscriptionEvent) {
        let action =
            switch event {
            case .resubscribed: state.withLock { $0.following.subscribed() }
            case .message(let payload): heard(GroupEntry(payload: payload))
            }
        // Until it was read once, whoever opens the room reads it.
        guard action == .readLog else { return }
        Task {
            while state.withLock({ !$0.isClosed }) {
                do {
                    return try await readLog()
                } catch {
                    try? await Task.sleep(for: .seconds(1))
                    guard state.withLock({ $0.following.subscribed() }) == .readLog else { return }
                }
            }
        }
    }

    private func heard(_ entry: GroupEntry?) -> GroupFollowing.Action {
        guard let entry else { return .none }
        return state.withLock { state in
            let action = state.following.heard(entry.id)
            if action == .deliver { deliver(entry, in: &state) }
            return action
        }
    }

    private func readLog() async throws {
        repeat {
            do {
                try await log.read(name, after: state.withLock { $0.following.position }) { entries in
                    state.withLock { state in
                        for entry in entries where state.following.read(entry.id) == .deliver {
                            deliver(entry, in: &state)
                        }
                    }
                }
            } catch {
                state.withLock { $0.following.readFailed() }
                throw error
            }
        } while state.withLock({ $0.following.hasRead() }) == .readLog
    }

    /// Under the lock, so that every member is told everything in the log's order.
    private func deliver(_ entry: GroupEntry, in state: inout State) {
        state.history.append(entry)
        switch entry.content {
        case .message, .reply:
            guard let item = state.history.items.last else { return }
            for member in state.members.values { tell(member, item, isHistory: false) }
        case .replied:
            break
        }
    }

    private func tell(_ member: GroupMember, _ item: GroupHistory.Item, isHistory: Bool) {
        member.say(item, isHistory: isHistory)
        guard case .reply(let id, _, nil) = item.content else { return }
        let view = chat.views.view(of: id, on: member.connection)
        view.begin()
        view.read(chat.streams.view(id, after: .start, sink: view), from: .start)
        if !member.hasOptions { GroupReplyText.show(id, of: chat.streams, on: member.connection) }
    }

    // MARK: Members

    /// Tells the member what was said after an id, and from now on everything.
    ///
    /// - Parameter now: The backplane's time, in milliseconds since 1970.
    /// - Returns: `false` where the room was given up meanwhile.
    func join(_ member: GroupMember, after cursor: LogID?, now: Int64) -> Bool {
        state.withLock { state in
            guard !state.isClosed else { return false }
            let isNew = state.members.updateValue(member, forKey: member.connection.id) == nil
            for item in state.history.items where isNew {
                if case .reply(_, _, nil) = item.content {
                    // Told from its beginning: the client may have missed some of it.
                    if item.at > now - Self.longestReply { tell(member, item, isHistory: true) }
                } else if cursor.map({ item.id > $0 }) ?? true {
                    tell(member, item, isHistory: true)
                }
            }
            return true
        }
    }

    /// - Returns: Whether nobody is left, and the room is closed.
    func leave(_ connection: String) -> Bool {
        let (isEmpty, subscription) = state.withLock { state -> (Bool, ChannelSubscription?) in
            state.members[connection] = nil
            guard state.members.isEmpty, !state.isClosed else { return (false, nil) }
            state.isClosed = true
            return (true, state.subscription.take())
        }
        subscription?.cancel()
        return isEmpty
    }
}
