import HubBackplane
import Logging
import Synchronization

/// Makes connections members of the groups that their users are members of.
final class UserGroupJoining: Sendable {
    private struct State {
        /// Connections whose users' groups could not be read, and what of them was joined nevertheless.
        var unread: [String: Set<String>] = [:]
        var isRetrying = false
    }

    private static let pause = Duration.seconds(1)

    private let state = Mutex(State())

    /// A connection has come. Its node listens to the user's channel by now, so it hears of changes; returns when it is a
    /// member, or when that cannot be found out now. Then it becomes one later.
    func join(_ connection: HubConnection) async {
        guard let user = connection.request.userID else { return }
        await join(connection.id, ofUser: user, at: connection.endpoint)
    }

    private func join(
        _ connectionID: String, ofUser user: String, at endpoint: HubEndpoint, joined: Set<String> = []
    ) async {
        var joined = joined
        do {
            let groups = try await endpoint.groups(ofUser: user)
            if groups.isEmpty, joined.isEmpty { return }
            await withDiscardingTaskGroup { tasks in
                for group in groups { tasks.addTask { _ = await endpoint.addHere(connectionID, to: group) } }
            }
            joined.formUnion(groups)
            // Whoever has removed the user in between did not find the connection in the group.
            for group in joined.subtracting(try await endpoint.groups(ofUser: user)) {
                endpoint.removeHere(connectionID, from: group)
            }
        } catch {
            endpoint.logger.debug("A user's groups could not be read", metadata: ["error": "\(error)"])
            let mustRetry = state.withLock { state in
                state.unread[connectionID] = joined
                defer { state.isRetrying = true }
                return !state.isRetrying
            }
            if mustRetry { Task { [weak endpoint] in await retry(at: endpoint) } }
        }
    }

    /// Until nothing is left to be read.
    private func retry(at endpoint: HubEndpoint?) async {
        while let endpoint, let unread = takeUnread() {
            try? await Task.sleep(for: Self.pause)
            for (id, joined) in unread {
                guard let user = endpoint.connection(id)?.request.userID else { continue }
                guard endpoint.server.backplane.isReady else {
                    state.withLock { $0.unread[id] = joined }
                    continue
                }
                // As with a connection that has just come: not before the user's channel is listened to.
                await endpoint.subscriptions.retain(.user(user))
                await join(id, ofUser: user, at: endpoint, joined: joined)
                endpoint.subscriptions.release(.user(user))
            }
        }
    }

    private func takeUnread() -> [String: Set<String>]? {
        state.withLock { state in
            guard !state.unread.isEmpty else {
                state.isRetrying = false
                return nil
            }
            defer { state.unread = [:] }
            return state.unread
        }
    }
}
