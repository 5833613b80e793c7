import NIOCore

extension HubServer {
    /// Whether ``shutdown()`` was called: transports accept no more connections.
    public var isShuttingDown: Bool { population.isClosing }

    /// Tells all clients to reconnect (to another node), sends what waits for them, and ends their connections; cuts what
    /// has not ended after ``HubOptions/shutdownTimeout``. Returns when all are gone. May be called more than once.
    ///
    /// A web server waits for its connections before services behind it are told to stop: call this when it is told.
    public func shutdown() async {
        for close in population.beginClosing() { close() }
        for loop in connectionLoops.all {
            loop.eventLoop.execute { loop.closeAll(.goingAway) }
        }
        let deadline = Task { [population, connectionLoops, options] in
            try await Task.sleep(for: options.shutdownTimeout)
            for loop in connectionLoops.all {
                loop.eventLoop.execute { loop.abortAll() }
            }
            // Time for the transports to report their end; a callback that hangs must not hold up the process.
            try await Task.sleep(for: .seconds(1))
            population.giveUpWaiting()
        }
        await population.waitUntilEmpty()
        deadline.cancel()
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
