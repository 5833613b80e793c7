import HubServer

extension ConnectionLimiter {
    /// What clients may do next. A value without clock or I/O.
    struct StateMachine {
        /// A client that is refused, and when it may try again.
        struct Refusal: Error, Equatable {
            let limit: RefusalReason
            let retryAfter: Duration
        }

        struct Buckets {
            var negotiate: TokenBucket?
            var connect: TokenBucket?
        }

        /// Who waits for others to leave cannot be told how long that takes.
        private static let retryWhenFull = Duration.seconds(10)

        private let limits: ConnectionLimits
        private var node = Buckets()
        private(set) var addresses: RecentAddresses<Buckets>
        private(set) var connections = 0
        private var connectionsOf: [IPAddress: Int] = [:]

        init(_ limits: ConnectionLimits, addressCapacity: Int) {
            self.limits = limits
            addresses = RecentAddresses(capacity: addressCapacity)
        }

        mutating func negotiate(from address: IPAddress?, now: ContinuousClock.Instant) throws(Refusal) {
            try take(
                \.negotiate, from: address, now: now, limits.negotiateRate, .negotiateRate,
                limits.negotiateRatePerAddress, .negotiateRatePerAddress)
        }

        /// Takes a place; ``left(_:)`` gives it back.
        mutating func connect(from address: IPAddress?, now: ContinuousClock.Instant) throws(Refusal) {
            if let maximum = limits.maximumConnections, connections >= maximum {
                throw Refusal(limit: .connections, retryAfter: Self.retryWhenFull)
            }
            if let maximum = limits.maximumConnectionsPerAddress, let address,
                connectionsOf[address.customer, default: 0] >= maximum
            {
                throw Refusal(limit: .connectionsPerAddress, retryAfter: Self.retryWhenFull)
            }
            try take(
                \.connect, from: address, now: now, limits.connectRate, .connectRate, limits.connectRatePerAddress,
                .connectRatePerAddress)
            connections += 1
            if limits.maximumConnectionsPerAddress != nil, let address {
                connectionsOf[address.customer, default: 0] += 1
            }
        }

        mutating func left(_ address: IPAddress?) {
            connections -= 1
            guard let customer = address?.customer, let count = connectionsOf[customer] else { return }
            connectionsOf[customer] = count > 1 ? count - 1 : nil
        }

        /// Takes one out of the node's bucket and one out of the address', or out of none.
        private mutating func take(
            _ bucket: WritableKeyPath<Buckets, TokenBucket?>, from address: IPAddress?, now: ContinuousClock.Instant,
            _ rate: ConnectionLimits.Rate?, _ limit: RefusalReason,
            _ addressRate: ConnectionLimits.Rate?, _ addressLimit: RefusalReason
        ) throws(Refusal) {
            // The address first: one that asks too often must not be told that the node is full.
            if let addressRate, let customer = address?.customer {
                var buckets = addresses[customer, default: Buckets()]
                defer { addresses[customer, default: Buckets()] = buckets }
                try Self.wait(&buckets[keyPath: bucket], addressRate, addressLimit, now: now)
            }
            if let rate {
                try Self.wait(&node[keyPath: bucket], rate, limit, now: now)
                node[keyPath: bucket]?.take()
            }
            if addressRate != nil, let customer = address?.customer {
                addresses[customer, default: Buckets()][keyPath: bucket]?.take()
            }
        }

        private static func wait(
            _ bucket: inout TokenBucket?, _ rate: ConnectionLimits.Rate, _ limit: RefusalReason,
            now: ContinuousClock.Instant
        ) throws(Refusal) {
            var filled = bucket ?? TokenBucket(rate, now: now)
            let wait = filled.wait(rate, now: now)
            bucket = filled
            guard wait == .zero else { throw Refusal(limit: limit, retryAfter: wait) }
        }
    }
}
