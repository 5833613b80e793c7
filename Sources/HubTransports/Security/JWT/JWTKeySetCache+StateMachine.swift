import HubServer

extension JWTKeySetCache {
    /// Published keys, when they were read, and when they have to be read again. A value without clock or I/O.
    struct StateMachine {
        private let refreshInterval: Duration
        private let minimumInterval: Duration

        private var keySet: JWTKeySet?
        private var readAt: ContinuousClock.Instant?
        private var triedAt: ContinuousClock.Instant?
        private var isReading = false

        init(_ options: JWTBearerOptions) {
            refreshInterval = options.keySetRefreshInterval
            minimumInterval = options.keySetMinimumRefreshInterval
        }

        enum Answer {
            /// These keys.
            case use([JWTVerificationKey])
            /// These keys; and the set is read again, nobody waits for it.
            case useAndRead([JWTVerificationKey])
            /// Those that are known once the set was read.
            case read
            /// It could not be read, and it is too early to try again.
            case unavailable
        }

        /// Which keys a token is held against.
        func keys(for header: TokenHeader, now: ContinuousClock.Instant) -> Answer {
            // Without any keys nobody gets in: then it is tried more often.
            let pause = keySet == nil ? min(minimumInterval, .seconds(1)) : minimumInterval
            let mayRead = isReading || triedAt.map { now - $0 >= pause } ?? true
            guard let keySet, let readAt else { return mayRead ? .read : .unavailable }
            let candidates = keySet.candidates(for: header)
            if candidates.isEmpty { return mayRead ? .read : .use([]) }
            return mayRead && !isReading && now - readAt >= refreshInterval
                ? .useAndRead(candidates) : .use(candidates)
        }

        /// The keys as they were last read; nil where they never could be.
        func known(for header: TokenHeader) -> [JWTVerificationKey]? { keySet?.candidates(for: header) }

        mutating func beganReading(now: ContinuousClock.Instant) {
            isReading = true
            triedAt = now
        }

        /// - Parameter keySet: Nil where it could not be read; the keys that were there stay.
        mutating func ended(with keySet: JWTKeySet?, now: ContinuousClock.Instant) {
            isReading = false
            guard let keySet else { return }
            self.keySet = keySet
            readAt = now
        }
    }
}
