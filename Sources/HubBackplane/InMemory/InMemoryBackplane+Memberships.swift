import NIOConcurrencyHelpers

extension InMemoryBackplane {
    public func enter(
        _ member: String, into set: KeyName, until end: Int64, now: Int64, limit: Int
    ) async throws -> Bool {
        let instant = ContinuousClock.now
        return state.withLockedValue { state in
            var ends = state.memberships.value(of: set, at: instant)?.filter { $0.value > now } ?? [:]
            guard ends.count < limit || ends[member] != nil else { return false }
            ends[member] = end
            let last = ends.values.max() ?? now
            state.memberships.set(set, to: ends, timeToLive: .milliseconds(last - now), at: instant)
            return true
        }
    }

    public func leave(_ member: String?, from set: KeyName) async throws {
        let instant = ContinuousClock.now
        state.withLockedValue { state in
            guard let member else { return state.memberships.remove(set, at: instant) }
            state.memberships.update(set, at: instant) { $0[member] = nil }
        }
    }

    public func members(of set: KeyName, now: Int64) async throws -> Set<String> {
        let instant = ContinuousClock.now
        return state.withLockedValue { state in
            Set(state.memberships.value(of: set, at: instant)?.filter { $0.value > now }.keys ?? [:].keys)
        }
    }
}
