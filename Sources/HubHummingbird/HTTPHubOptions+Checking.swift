import HubServer

extension HTTPHubOptions {
    /// Says which option has a value that it cannot have; nil where all is well.
    var problem: String? { badTime ?? badCount ?? badLimit ?? badRate ?? badChoice }

    private var badTime: String? {
        let times: KeyValuePairs = ["postTimeout": postTimeout, "connectTimeout": connectTimeout]
        return times.first { $0.value <= .zero }.map { "\($0.key) must be longer than 0" }
    }

    private var badCount: String? {
        let counts: KeyValuePairs = [
            "maximumPostSize": maximumPostSize, "largePostBufferSize": largePostBufferSize,
        ]
        return counts.first { $0.value < 1 }.map { "\($0.key) must be at least 1" }
    }

    private var badLimit: String? {
        let counts: KeyValuePairs = [
            "limits.maximumConnections": limits.maximumConnections,
            "limits.maximumConnectionsPerAddress": limits.maximumConnectionsPerAddress,
        ]
        return counts.first { ($0.value ?? 1) < 1 }.map { "\($0.key) must be at least 1" }
    }

    private var badRate: String? {
        let rates: KeyValuePairs = [
            "limits.negotiateRate": limits.negotiateRate,
            "limits.negotiateRatePerAddress": limits.negotiateRatePerAddress,
            "limits.connectRate": limits.connectRate,
            "limits.connectRatePerAddress": limits.connectRatePerAddress,
        ]
        for (name, rate) in rates {
            guard let rate else { continue }
            guard rate.perSecond > 0, rate.perSecond.isFinite else { return "\(name).perSecond must be more than 0" }
            guard rate.burst >= 1 else { return "\(name).burst must be at least 1" }
        }
        return nil
    }

    private var badChoice: String? {
        if transports.isEmpty { return "transports must name one at least" }
        if !(0...1).contains(minimumProtocolVersion) { return "minimumProtocolVersion must be 0 or 1" }
        if let clusterSecret, clusterSecret.accepted.contains(where: { $0.count < 16 }) {
            return "clusterSecret must have at least 16 bytes"
        }
        return nil
    }
}
