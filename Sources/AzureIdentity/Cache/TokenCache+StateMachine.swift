import FoundationEssentials

extension TokenCache {
    /// Which token a request gets, and when one has to be fetched: no clock, no I/O.
    struct StateMachine {
        struct Key: Hashable {
            let scopes: [String]
            let tenantID: String?
            let isCAEEnabled: Bool
            let claims: String?

            init(_ context: TokenRequestContext) {
                scopes = context.scopes
                tenantID = context.tenantID
                isCAEEnabled = context.isCAEEnabled
                claims = context.claims
            }

            /// Under what a token is kept: one that was got with claims serves those that ask without.
            fileprivate var stored: StoredKey {
                StoredKey(scopes: scopes, tenantID: tenantID, isCAEEnabled: isCAEEnabled)
            }
        }

        enum Answer: Equatable {
            case use(AccessToken)
            /// Use this one, and fetch another meanwhile.
            case refresh(AccessToken)
            case fetch
            /// Somebody is fetching it.
            case join
        }

        /// A token that ends within this time is as one that has ended: clocks differ, and a request takes time.
        static let margin: TimeInterval = 10
        /// Before its end a token is refreshed, if nothing else says when.
        static let refreshOffset: TimeInterval = 300
        /// After an attempt to refresh a token, no other for this long.
        static let refreshPause: TimeInterval = 30
        /// Tokens that are kept.
        static let capacity = 128

        fileprivate struct StoredKey: Hashable {
            let scopes: [String]
            let tenantID: String?
            let isCAEEnabled: Bool
        }

        private struct Entry {
            var token: AccessToken
            var refreshAt: Date
            var attemptedAt: Date
            /// When another one was asked for last because a resource had refused one.
            var refusedAt = Date.distantPast
        }

        private var entries: [StoredKey: Entry] = [:]
        private var flights: Set<Key> = []

        var count: Int { entries.count }

        /// - Parameter refused: What the resource has refused.
        mutating func request(_ key: Key, refused: AccessToken? = nil, now: Date) -> Answer {
            let isFlying = flights.contains(key)
            if let entry = entries[key.stored], entry.token.token == refused?.token,
                isFlying || now >= entry.refusedAt + Self.refreshPause
            {
                if !isFlying { entries[key.stored]?.refusedAt = now }
                flights.insert(key)
                return isFlying ? .join : .fetch
            }
            guard key.claims == nil, let entry = entries[key.stored], entry.token.isValid(at: now) else {
                flights.insert(key)
                return isFlying ? .join : .fetch
            }
            guard !isFlying, now >= entry.refreshAt, now >= entry.attemptedAt + Self.refreshPause else {
                return .use(entry.token)
            }
            flights.insert(key)
            entries[key.stored]?.attemptedAt = now
            return .refresh(entry.token)
        }

        /// - Parameter jitter: A random number in 0..<1, by which the refresh comes up to a minute earlier: nodes that were started
        ///   together do not refresh together.
        /// - Returns: The token for those who wait for this one; nil when they get the failure.
        mutating func finished(_ key: Key, token: AccessToken?, now: Date, jitter: Double) -> AccessToken? {
            flights.remove(key)
            guard let token else {
                let kept = key.claims == nil ? entries[key.stored]?.token : nil
                return kept.flatMap { $0.expiresOn > now ? $0 : nil }
            }
            let lifetime = token.expiresOn.timeIntervalSince(now)
            let due = min(token.refreshOn ?? .distantFuture, token.expiresOn - Self.refreshOffset)
            entries[key.stored] = Entry(
                token: token, refreshAt: due - jitter * max(0, min(60, lifetime / 20)), attemptedAt: now,
                refusedAt: entries[key.stored]?.refusedAt ?? .distantPast)
            makeRoom()
            return token
        }

        private mutating func makeRoom() {
            guard entries.count > Self.capacity,
                let first = entries.min(by: { $0.value.token.expiresOn < $1.value.token.expiresOn })
            else { return }
            entries[first.key] = nil
        }
    }
}

extension AccessToken {
    fileprivate func isValid(at now: Date) -> Bool {
        expiresOn - TokenCache.StateMachine.margin > now
    }
}
