import NIOConcurrencyHelpers
public import NIOCore

extension InMemoryBackplane {
    public func set(
        _ key: KeyName, to value: ByteBuffer, timeToLive: Duration, onlyIfAbsent: Bool
    ) async throws -> Bool {
        let now = ContinuousClock.now
        return state.withLockedValue { state in
            if onlyIfAbsent, state.values.value(of: key, at: now) != nil { return false }
            state.values.set(key, to: value, timeToLive: timeToLive, at: now)
            return true
        }
    }

    public func get(_ key: KeyName) async throws -> ByteBuffer? {
        let now = ContinuousClock.now
        return state.withLockedValue { $0.values.value(of: key, at: now) }
    }

    public func expire(_ keys: [KeyName], after timeToLive: Duration) {
        let now = ContinuousClock.now
        state.withLockedValue { state in
            for key in keys {
                state.values.expire(key, after: timeToLive, at: now)
                state.logs.expire(key, after: timeToLive, at: now)
            }
        }
    }
}
