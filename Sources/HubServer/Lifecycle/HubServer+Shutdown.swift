import NIOCore

extension HubServer {
    /// Whether ``shutdown()`` was called: transports accept no more connections.
    public var isShuttingDown: Bool { population.isClosing }

    /// Tells all clients to reconnect (to another node), sends what waits for them, and ends their connections. Returns when
    /// all are gone. May be called more than once.
    ///
    /// Those whose methods run are told when these have returned, the others one after the other, see
    /// ``HubOptions/drainTimeout``; after that time everybody is told. What has not ended after another
    /// ``HubOptions/shutdownTimeout`` is cut.
    ///
    /// A web server waits for its connections before services behind it are told to stop: call this when it is told, or
    /// before.
    public func shutdown() async {
        if let closes = population.beginClosing() {
            for close in closes { close() }
            let ending = Task { try await self.endConnections() }
            await population.waitUntilEmpty()
            ending.cancel()
        } else {
            await population.waitUntilEmpty()
        }
    }

    private func endConnections() async throws {
        try await sendIdleAway()
        for loop in connectionLoops.all {
            loop.eventLoop.execute { loop.closeAll(.goingAway) }
        }
        try await Task.sleep(for: options.shutdownTimeout)
        for loop in connectionLoops.all {
            loop.eventLoop.execute { loop.abortAll() }
        }
        // Time for the transports to report their end; a callback that hangs must not hold up the process.
        try await Task.sleep(for: .seconds(1))
        population.giveUpWaiting()
    }

    private func sendIdleAway() async throws {
        let clock = ContinuousClock()
        let deadline = clock.now + options.drainTimeout
        let departures = Departures(connections: population.count, time: options.drainTimeout)
        while clock.now < deadline {
            var rest = departures.perStep
            for loop in connectionLoops.all where rest > 0 {
                let most = rest
                rest -= try await loop.eventLoop.submit { loop.closeIdle(atMost: most, .goingAway) }.get()
            }
            try await clock.sleep(until: min(clock.now + Departures.step, deadline))
        }
    }

    /// Takes in a connection that is no hub's; ``shutdown()`` waits for it, too.
    ///
    /// - Parameter close: Ends it when the server shuts down; at once where it does so already.
    /// - Returns: To be called when it has ended.
    func arrived(close: @escaping @Sendable () -> Void) -> @Sendable () -> Void {
        let number = population.arrived(close: close)
        if isShuttingDown { close() }
        return { [population] in population.left(number) }
    }
}
