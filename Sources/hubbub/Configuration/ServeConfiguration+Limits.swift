import ChatHub
import HubHummingbird
import HubProtocol
import HubServer

extension ServeConfiguration {
    /// The limits and times of hubs.
    static func hubOptions(_ values: OptionValues, maximumPromptBytes: Int) throws -> HubOptions {
        var options = HubOptions()
        options.handshakeTimeout = try values.duration("handshake-timeout")
        options.keepAliveInterval = try values.duration("keep-alive-interval")
        options.clientTimeoutInterval = try values.duration("client-timeout-interval")
        options.transportSendTimeout = try values.duration("transport-send-timeout")
        options.closeTimeout = try values.duration("close-timeout")
        options.goingAwayTimeout = try values.duration("going-away-timeout")
        options.shutdownTimeout = try values.duration("shutdown-timeout")
        options.relayTimeout = try values.duration("relay-timeout")
        options.pollTimeout = try values.duration("poll-timeout")
        options.disconnectTimeout = try values.duration("disconnect-timeout")
        options.applicationMaxBufferSize = try values.count("application-max-buffer-size")
        options.transportMaxBufferSize = try values.count("transport-max-buffer-size")
        // A prompt may double or more when it is escaped, and one that is too long gets an answer, not a closed connection.
        options.maximumReceiveMessageSize =
            try values.optionalCount("maximum-receive-message-size") ?? 6 * maximumPromptBytes + 4096
        options.maximumOutboxSize = try values.count("maximum-outbox-size")
        options.maximumParallelInvocationsPerClient = try values.count("maximum-parallel-invocations")
        options.maximumParallelStreamsPerClient = try values.count("maximum-parallel-streams")
        options.streamBufferCapacity = try values.count("stream-buffer-capacity")
        options.statefulReconnectBufferSize = try values.count("stateful-reconnect-buffer-size")
        options.clientResultTimeout = try values.duration("client-result-timeout")
        options.supportedProtocols = try protocols(values)
        options.enableDetailedErrors = try values.isOn("detailed-errors")
        guard options.keepAliveInterval <= options.clientTimeoutInterval else {
            throw UsageError("keep-alive-interval must not be longer than client-timeout-interval")
        }
        return options
    }

    static func limits(_ values: OptionValues) throws -> ConnectionLimits {
        var limits = ConnectionLimits()
        limits.maximumConnections = try values.optionalCount("maximum-connections")
        limits.maximumConnectionsPerAddress = try values.optionalCount("maximum-connections-per-address")
        limits.negotiateRate = try values.rate("negotiate-rate")
        limits.negotiateRatePerAddress = try values.rate("negotiate-rate-per-address")
        limits.connectRate = try values.rate("connect-rate")
        limits.connectRatePerAddress = try values.rate("connect-rate-per-address")
        return limits
    }

    static func replyLimits(_ values: OptionValues) throws -> ReplyLimits {
        var limits = ReplyLimits()
        limits.perConnection = try values.optionalCount("replies-per-connection")
        limits.perUser = try values.optionalCount("replies-per-user")
        limits.perNode = try values.optionalCount("replies-per-node")
        limits.promptsPerMinute = try values.optionalCount("prompts-per-minute")
        limits.tokensPerDay = try values.optionalCount("tokens-per-day")
        return limits
    }

    private static func protocols(_ values: OptionValues) throws -> Set<String> {
        let all = HubOptions().supportedProtocols
        let chosen = Set(try values.list("protocols").map { $0.lowercased() })
        guard chosen.isSubset(of: all) else {
            throw UsageError("protocols must be of \(all.sorted().joined(separator: ", "))")
        }
        return chosen
    }

    static func transports(_ values: OptionValues) throws -> Set<HubTransportType> {
        let all = HubTransportType.allCases
        return Set(
            try values.list("transports").map { name in
                guard let transport = all.first(where: { $0.rawValue.lowercased() == name.lowercased() }) else {
                    throw UsageError("transports must be of \(all.map(\.rawValue).joined(separator: ", "))")
                }
                return transport
            })
    }

    static func trustedProxies(_ values: OptionValues) throws -> TrustedProxies {
        let header = try values.value("forwarded-header", expected: "x-forwarded-for or forwarded") {
            TrustedProxies.Header(rawValue: $0.lowercased())
        }
        do {
            return try TrustedProxies(try values.list("trusted-proxies"), header: header)
        } catch let error as TrustedProxies.InvalidRange {
            throw UsageError("trusted-proxies: \(error)")
        }
    }
}

extension OptionValues {
    func optionalCount(_ name: String) throws -> Int? { isGiven(name) ? try count(name) : nil }

    /// So many a second, and how many at once behind a colon.
    fileprivate func rate(_ name: String) throws -> ConnectionLimits.Rate? {
        guard isGiven(name) else { return nil }
        return try value(name, expected: "COUNT or COUNT:BURST, whole numbers from 1") { text in
            let counts = text.split(separator: ":", omittingEmptySubsequences: false).map { part in
                Int(part).flatMap { (1...1_000_000).contains($0) ? $0 : nil }
            }
            guard (1...2).contains(counts.count), let perSecond = counts[0] else { return nil }
            guard counts.count == 2 else { return ConnectionLimits.Rate(perSecond: Double(perSecond)) }
            return counts[1].map { ConnectionLimits.Rate(perSecond: Double(perSecond), burst: $0) }
        }
    }
}
