/// The times that one connection has to keep, in ticks. A value without clock or I/O.
///
/// Activity only notes the tick; the wheel wakes the connection when the earliest time could have come, and it then asks
/// what is due.
struct ConnectionTimers {
    enum Due: Equatable {
        case nothing
        /// The client is to be sent a ping.
        case ping
        case handshakeTimeout
        case clientTimeout
        case sendTimeout
        case closeTimeout
        /// What the client was authenticated with is no longer good.
        case authenticationEnd
    }

    private enum Phase {
        case handshaking(until: Tick)
        case connected
        case closing(until: Tick)
    }

    private var phase: Phase
    private var lastSent: Tick
    private var lastReceived: Tick
    private var blockedSince: Tick?
    private var authenticationEnd = Tick.max
    /// The client's silence counts only from its first ping on: some clients never send one.
    private var clientPings = false
    /// While the server does not read, the client's silence is the server's doing.
    private var isReading = true

    init(now: Tick, limits: Limits) {
        phase = .handshaking(until: now.adding(limits.handshake))
        lastSent = now
        lastReceived = now
    }

    mutating func connected() { phase = .connected }

    /// - Parameter tick: `.max` for no time.
    mutating func closing(until tick: Tick) { phase = .closing(until: tick) }

    /// - Parameter tick: `.max` for never.
    mutating func authenticated(until tick: Tick) { authenticationEnd = tick }

    mutating func received(now: Tick) { lastReceived = now }
    /// - Returns: Whether it was the first: the client's silence counts from now on.
    mutating func receivedPing() -> Bool {
        defer { clientPings = true }
        return !clientPings
    }

    mutating func sent(now: Tick) { lastSent = now }

    /// - Returns: Whether it was not blocked before.
    mutating func blocked(now: Tick) -> Bool {
        defer { blockedSince = blockedSince ?? now }
        return blockedSince == nil
    }

    mutating func unblocked() { blockedSince = nil }

    mutating func reading(_ isReading: Bool, now: Tick) {
        self.isReading = isReading
        lastReceived = now
    }

    func due(now: Tick, limits: Limits) -> Due {
        switch phase {
        case .handshaking(let until): return now >= until ? .handshakeTimeout : .nothing
        case .closing(let until): return now >= until ? .closeTimeout : .nothing
        case .connected: break
        }
        if now >= authenticationEnd { return .authenticationEnd }
        if let blockedSince, now >= blockedSince.adding(limits.send) { return .sendTimeout }
        if isReading, clientPings, now >= lastReceived.adding(limits.client) { return .clientTimeout }
        return now >= lastSent.adding(limits.keepAlive) ? .ping : .nothing
    }

    /// When to ask again what is due.
    func nextWake(limits: Limits) -> Tick {
        switch phase {
        case .handshaking(let until), .closing(let until): return until
        case .connected: break
        }
        var wake = min(lastSent.adding(limits.keepAlive), authenticationEnd)
        if let blockedSince { wake = min(wake, blockedSince.adding(limits.send)) }
        if isReading, clientPings { wake = min(wake, lastReceived.adding(limits.client)) }
        return wake
    }
}

extension ConnectionTimers {
    /// The lengths of time of a server's connections, in ticks.
    struct Limits: Sendable {
        /// The length of a tick.
        let tick: Duration
        let handshake: Tick
        let keepAlive: Tick
        let client: Tick
        let send: Tick
        let close: Tick

        /// A tick is a second, or less where a time is shorter than that.
        init(_ options: HubOptions) {
            let times = [
                options.handshakeTimeout, options.keepAliveInterval, options.clientTimeoutInterval,
                options.transportSendTimeout, options.closeTimeout, options.pollTimeout, options.disconnectTimeout,
            ]
            let tick = max(.milliseconds(10), times.reduce(.seconds(1), min))
            self.tick = tick
            handshake = Self.ticks(atLeast: options.handshakeTimeout, tick: tick)
            client = Self.ticks(atLeast: options.clientTimeoutInterval, tick: tick)
            send = Self.ticks(atLeast: options.transportSendTimeout, tick: tick)
            close = Self.ticks(atLeast: options.closeTimeout, tick: tick)
            // The others must not come early; a ping must not come late.
            keepAlive = Self.ticks(atMost: options.keepAliveInterval, tick: tick)
        }

        /// How many ticks are no shorter than a time, wherever within a tick they begin.
        func ticks(atLeast time: Duration) -> Tick { Self.ticks(atLeast: time, tick: tick) }

        /// How many ticks are no longer than a time, and one at least.
        func ticks(atMost time: Duration) -> Tick { Self.ticks(atMost: time, tick: tick) }

        private static func ticks(atMost time: Duration, tick: Duration) -> Tick {
            max(1, Tick(saturating: (time / tick).rounded(.down)))
        }

        private static func ticks(atLeast time: Duration, tick: Duration) -> Tick {
            Tick(saturating: (time / tick).rounded(.up)).adding(1)
        }
    }
}
