import FoundationEssentials

extension PolledSecret {
    /// Which value holds, and when it is to be read again: no clock, no I/O.
    struct StateMachine {
        /// How long to wait after a reading that failed, twice as long after each further one, up to the interval.
        static let firstPause = Duration.seconds(15)

        /// The time from one reading to the next, at most.
        let interval: Duration
        /// The time between a reading and one that is asked for because the value was refused.
        let minimumInterval: Duration

        private(set) var secret: KeyVaultSecret?
        /// The value before this one. Whoever shows it may not have read the new one yet, so it counts until the next reading.
        private(set) var previous: String?
        private var failures = 0
        private var retryAfter: Duration?
        private var readAt: Date?

        init(interval: Duration, minimumInterval: Duration) {
            self.interval = interval
            self.minimumInterval = minimumInterval
        }

        /// The values that count, the current one first.
        var accepted: [String] { [secret?.value, previous].compactMap(\.self) }

        /// Whether the secret has to be read before it is used: there is none, or the one there is was refused and not read just now.
        func needsReading(refused: String?, now: Date) -> Bool {
            guard let secret, let readAt else { return true }
            let isRested = now >= readAt + TimeInterval(minimumInterval.seconds) || now < readAt
            return refused == secret.value && isRested
        }

        /// A reading succeeded.
        ///
        /// - Returns: Whether ``accepted`` has changed.
        mutating func read(_ new: KeyVaultSecret, at now: Date) -> Bool {
            failures = 0
            retryAfter = nil
            readAt = now
            let old = accepted
            previous = secret.flatMap { $0.value == new.value ? nil : $0.value }
            secret = new
            return accepted != old
        }

        /// A reading failed; what was read before goes on to count.
        mutating func failed(retryAfter: Duration?, at now: Date) {
            failures += 1
            self.retryAfter = retryAfter
            readAt = now
        }

        /// How long until the next reading.
        ///
        /// - Parameter jitter: A random number in 0..<1, by which it comes up to a quarter earlier: nodes that were started together
        ///   do not read together.
        func pause(jitter: Double) -> Duration {
            let pause = failures == 0 ? interval : min(interval, Self.firstPause * (1 << min(failures - 1, 20)))
            return max(pause * (1 - jitter / 4), retryAfter.map { min($0, .seconds(3600)) } ?? .zero)
        }
    }
}

extension Duration {
    var seconds: Double { Double(components.seconds) + Double(components.attoseconds) * 1e-18 }
}
