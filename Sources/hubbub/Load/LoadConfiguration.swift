import HubProtocol
import NIOHTTP1
import NIOSSL

/// What `hubbub load` is told, checked.
struct LoadConfiguration: Sendable {
    var targets: [LoadTarget]
    /// Where requests go that are not the first of their connection; none for where that was.
    var requestTargets: [LoadTarget]
    var transport: HubTransportType
    var encoding: HubEncoding
    var connections: Int
    /// Connects begun in a second.
    var connectRate: Int?
    var connectTimeout: Duration
    var keepAliveInterval: Duration
    /// How servers with `https` are reached; nil where there are none.
    var tls: NIOSSLContext?
    /// Of every request.
    var headers: HTTPHeaders
    /// How many of the connections read slowly.
    var slowReaders: Int
    var hold: Duration?
    /// Asks at once on a connection.
    var concurrency: Int
    /// Asks in all on a connection.
    var asks: Int?
    /// How long new asks are begun.
    var duration: Duration?
    var ramp: Duration?
    /// Whether lost connections are made again, and their replies resumed.
    var resumes: Bool
    /// How often a client cuts its connection.
    var reconnectEvery: Duration?
    var prompt: String
    /// Of how many replies one is hashed.
    var hashEvery: Int
    var timeout: Duration
    var processes: [MeasuredProcess]
    var objectives: [LoadObjective]
    var isJSON: Bool

    init(_ values: OptionValues) throws {
        targets = try values.texts("url").map { try LoadTarget(url: $0) }
        requestTargets = try values.texts("request-url").map { try LoadTarget(url: $0) }
        transport = try values.value("transport", expected: Self.names(of: HubTransportType.allCases.map(\.rawValue))) {
            name in
            let name = name.lowercased() == "sse" ? HubTransportType.serverSentEvents.rawValue : name
            return HubTransportType.allCases.first { $0.rawValue.lowercased() == name.lowercased() }
        }
        encoding = try values.value("protocol", expected: Self.names(of: HubEncoding.allCases.map(\.name))) {
            HubEncoding(name: $0)
        }
        guard transport.transferFormats.contains(encoding.transferFormat) else {
            throw UsageError("protocol \(encoding.name) needs webSockets or longPolling: server-sent events are text")
        }
        guard requestTargets.isEmpty || transport != .webSockets else {
            throw UsageError("request-url needs serverSentEvents or longPolling: a WebSocket is a single request")
        }
        connections = try values.count("connections")
        slowReaders = try values.isGiven("slow-readers") ? values.count("slow-readers", atMost: connections) : 0
        if (targets + requestTargets).contains(where: \.isSecure) {
            tls = try Self.tls(isVerified: !values.isGiven("insecure"))
        }
        headers = try values.text("access-token").map { ["Authorization": "Bearer \($0)"] } ?? [:]
        connectRate = try values.isGiven("connect-rate") ? values.count("connect-rate") : nil
        connectTimeout = try values.duration("connect-timeout")
        keepAliveInterval = try values.duration("keep-alive-interval")
        hold = try values.isGiven("hold") ? values.duration("hold") : nil
        concurrency = try values.count("concurrency")
        duration = try values.isGiven("duration") ? values.duration("duration") : nil
        if values.isGiven("asks") {
            asks = try values.count("asks")
        } else if duration == nil {
            asks = hold == nil ? 1 : 0
        }
        ramp = try values.isGiven("ramp") ? values.duration("ramp") : nil
        resumes = values.isGiven("resume")
        reconnectEvery = try values.isGiven("reconnect-every") ? values.duration("reconnect-every") : nil
        guard resumes || reconnectEvery == nil else {
            throw UsageError("reconnect-every needs --resume: replies would be lost with their connections")
        }
        prompt = try values.value("prompt", expected: "a text") { $0 }
        hashEvery = try values.count("hash-every")
        timeout = try values.duration("timeout")
        processes = try values.texts("process").map { try MeasuredProcess(parsing: $0) }
        objectives = try values.list("require").map { try LoadObjective(parsing: $0) }
        isJSON = values.isGiven("json")
    }

    private static func tls(isVerified: Bool) throws -> NIOSSLContext {
        var tls = NIOSSL.TLSConfiguration.makeClientConfiguration()
        if !isVerified { tls.certificateVerification = .none }
        return try NIOSSLContext(configuration: tls)
    }

    private static func names(of names: [String]) -> String {
        names.dropLast().joined(separator: ", ") + " or " + (names.last ?? "")
    }
}
