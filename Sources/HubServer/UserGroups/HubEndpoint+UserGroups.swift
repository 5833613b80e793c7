import HubBackplane

/// What the backplane keeps is changed first, and then the connections that are there: one that is just coming has asked
/// before and is told, or asks afterwards.
extension HubEndpoint {
    private static let groupsPerUser = 1000

    package func addUser(_ id: String, to group: String, timeToLive: Duration?) async -> HubUserGroupChange {
        let longest = HubUserGroups.maximumTimeToLive
        let time = max(.zero, min(timeToLive ?? longest, longest))
        if time > .zero {
            let now = server.time.now
            do {
                let isKept = try await server.backplane.enter(
                    group, into: server.names.userGroups(id, hub: hubName), until: now + time.milliseconds, now: now,
                    limit: Self.groupsPerUser)
                guard isKept else { return .tooManyGroups }
            } catch {
                return .unconfirmed
            }
        }
        return switch await commandEverywhere(.add(group: group), at: .user(id)) {
        case .done: .done
        case .notFound, .refused: time > .zero ? .done : .noConnections
        case nil: .unconfirmed
        }
    }

    /// - Parameter group: Nil for all.
    package func removeUser(_ id: String, from group: String?) async -> HubUserGroupChange {
        do {
            try await server.backplane.leave(group, from: server.names.userGroups(id, hub: hubName))
        } catch {
            return .unconfirmed
        }
        let outcome = await commandEverywhere(
            group.map { .remove(group: $0) } ?? .removeFromAllGroups, at: .user(id))
        return outcome == nil ? .unconfirmed : .done
    }

    package func isUser(_ id: String, in group: String) async throws(HubPresenceError) -> Bool {
        guard let groups = try? await groups(ofUser: id) else { throw .unavailable }
        if groups.contains(group) { return true }
        guard let outcome = await find(.user(id), inGroup: group) else { throw .unavailable }
        return outcome == .done
    }

    func groups(ofUser id: String) async throws -> Set<String> {
        try await server.backplane.members(of: server.names.userGroups(id, hub: hubName), now: server.time.now)
    }
}
