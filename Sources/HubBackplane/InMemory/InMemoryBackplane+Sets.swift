import NIOConcurrencyHelpers

extension InMemoryBackplane {
    public func change(
        _ set: KeyName, add: Set<String>, remove: Set<String>, timeToLive: Duration
    ) async throws {
        let now = ContinuousClock.now
        state.withLockedValue { state in
            let members = state.sets.value(of: set, at: now) ?? []
            state.setMembers(of: set, to: members.union(add).subtracting(remove), timeToLive: timeToLive, at: now)
        }
    }

    public func replace(_ set: KeyName, with members: Set<String>, timeToLive: Duration) async throws {
        let now = ContinuousClock.now
        state.withLockedValue { $0.setMembers(of: set, to: members, timeToLive: timeToLive, at: now) }
    }

    public func members(of sets: [KeyName]) async throws -> [Set<String>] {
        let now = ContinuousClock.now
        return state.withLockedValue { state in sets.map { state.sets.value(of: $0, at: now) ?? [] } }
    }

    public func memberCounts(of sets: [KeyName]) async throws -> [Int] {
        try await members(of: sets).map(\.count)
    }
}

extension InMemoryBackplane.State {
    fileprivate mutating func setMembers(
        of set: KeyName, to members: Set<String>, timeToLive: Duration, at now: ContinuousClock.Instant
    ) {
        if members.isEmpty {
            sets.remove(set, at: now)
        } else {
            sets.set(set, to: members, timeToLive: timeToLive, at: now)
        }
    }
}
