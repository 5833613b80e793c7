import NIOConcurrencyHelpers
import NIOCore

extension InMemoryBackplane {
    public func append(
        _ append: LogAppend, completion: @escaping @Sendable (Result<LogAppendOutcome, BackplaneError>) -> Void
    ) {
        if let error = publishingError() ?? append.id.error {
            return delivery.append(.completion { completion(.failure(error)) })
        }
        let now = ContinuousClock.now
        state.withLockedValue { state in
            let isWritten = state.write(append, creates: append.creates, at: now)
            if let channel = append.channel { _ = state.publish(append.payload, to: channel, by: delivery) }
            for follower in append.followers {
                _ = state.publish(follower.message(append.payload), to: follower.channel, by: delivery)
            }
            let outcome: LogAppendOutcome =
                switch isWritten {
                case true?: .accepted
                case false?: .refused
                case nil: .missing
                }
            delivery.append(.completion { completion(.success(outcome)) })
        }
    }

    public func append(_ append: LogAppend, ifLastIs last: LogID?) async throws -> Bool {
        if let error = publishingError() ?? append.id.error { throw error }
        let now = ContinuousClock.now
        return try state.withLockedValue { state in
            guard state.logs.value(of: append.log, at: now)?.last == last else { return false }
            guard state.write(append, creates: true, at: now) == true else {
                throw BackplaneError(.refused, "the id \(append.id) is not greater than the last one")
            }
            if let channel = append.channel { _ = state.publish(append.payload, to: channel, by: delivery) }
            return true
        }
    }

    public func read(_ log: KeyName, after: LogID?) async throws -> LogPage {
        let now = ContinuousClock.now
        return state.withLockedValue { $0.logs.value(of: log, at: now) }?.page(after: after)
            ?? LogPage(entries: [], isLast: true)
    }

    public func lastEntry(of log: KeyName) async throws -> LogEntry? {
        let now = ContinuousClock.now
        return state.withLockedValue { $0.logs.value(of: log, at: now) }?.entries.last
    }
}

extension InMemoryBackplane.State {
    /// Writes an entry: `false` when the log refuses its id, `nil` when there is no log and the entry may not create it.
    fileprivate mutating func write(
        _ append: LogAppend, creates: Bool, at now: ContinuousClock.Instant
    ) -> Bool? {
        let entry = LogEntry(id: append.id, payload: append.payload)
        if let isWritten = logs.update(append.log, at: now, { $0.append(entry, keeping: append.keeping) }) {
            if let timeToLive = append.timeToLive { logs.expire(append.log, after: timeToLive, at: now) }
            return isWritten
        }
        guard creates else { return nil }
        var log = InMemoryLog()
        let isWritten = log.append(entry, keeping: append.keeping)
        logs.set(append.log, to: log, timeToLive: append.timeToLive, at: now)
        return isWritten
    }
}

extension LogFollower {
    fileprivate func message(_ payload: ByteBuffer) -> ByteBuffer {
        var message = ByteBuffer(integer: tag)
        message.writeImmutableBuffer(payload)
        return message
    }
}

extension LogID {
    /// Why no log can have this id: Redis Streams begin at 0-1.
    fileprivate var error: BackplaneError? {
        self > LogID(epoch: 0, seq: 0) ? nil : BackplaneError(.refused, "a log id must be greater than 0-0")
    }
}
