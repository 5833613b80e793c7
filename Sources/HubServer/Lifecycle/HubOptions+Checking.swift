extension HubOptions {
    /// Says which option has a value that it cannot have; nil where all is well.
    package var problem: String? { badDuration ?? badCount ?? badKeepAlive ?? badProtocol }

    private var badDuration: String? {
        let durations: KeyValuePairs = [
            "handshakeTimeout": handshakeTimeout, "keepAliveInterval": keepAliveInterval,
            "clientTimeoutInterval": clientTimeoutInterval, "clientResultTimeout": clientResultTimeout,
            "transportSendTimeout": transportSendTimeout, "pollTimeout": pollTimeout,
            "disconnectTimeout": disconnectTimeout, "relayTimeout": relayTimeout, "closeTimeout": closeTimeout,
            "goingAwayTimeout": goingAwayTimeout, "shutdownTimeout": shutdownTimeout,
        ]
        guard drainTimeout >= .zero else { return "drainTimeout must not be less than 0" }
        return durations.first { $0.value <= .zero }.map { "\($0.key) must be longer than 0" }
    }

    private var badCount: String? {
        let counts: KeyValuePairs = [
            "maximumReceiveMessageSize": maximumReceiveMessageSize,
            "maximumParallelInvocationsPerClient": maximumParallelInvocationsPerClient,
            "maximumParallelStreamsPerClient": maximumParallelStreamsPerClient,
            "streamBufferCapacity": streamBufferCapacity, "maximumOutboxSize": maximumOutboxSize,
            "applicationMaxBufferSize": applicationMaxBufferSize, "transportMaxBufferSize": transportMaxBufferSize,
            "statefulReconnectBufferSize": statefulReconnectBufferSize,
        ]
        return counts.first { $0.value < 1 }.map { "\($0.key) must be at least 1" }
    }

    /// A client that has the same times would take the server for gone.
    private var badKeepAlive: String? {
        keepAliveInterval > clientTimeoutInterval
            ? "keepAliveInterval must not be longer than clientTimeoutInterval" : nil
    }

    private var badProtocol: String? {
        let all = HubOptions().supportedProtocols
        return supportedProtocols.isEmpty || !supportedProtocols.isSubset(of: all)
            ? "supportedProtocols must be of \(all.sorted().joined(separator: ", "))" : nil
    }
}
