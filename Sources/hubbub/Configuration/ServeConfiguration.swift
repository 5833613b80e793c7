import ChatHub
import ChatModels
import ChunkStreams
import Foundation
import HubBackplaneRedis
import HubHummingbird
import HubServer
import Logging
import NIOCore

/// What `hubbub serve` is told, checked.
struct ServeConfiguration: Sendable {
    enum Backplane: Sendable {
        case memory
        case redis(RedisConfiguration, RedisAuthentication)
    }

    var host: String
    var port: Int
    var backplane: Backplane
    var app: String
    var isEdge: Bool
    var chat: ChatHubConfiguration
    var streams: ChunkStreamsConfiguration
    /// Nil for plain HTTP.
    var tls: TLSConfiguration?
    var hub: HubOptions
    var http: HTTPHubOptions
    /// How long an HTTP connection may stay without a request.
    var httpIdleTimeout: Duration
    var authentication: AuthenticationConfiguration
    /// Nil for no management API.
    var managementKey: RotatingSecret?
    var model: ModelChoice
    var contentFilter: ContentFilterConfiguration
    /// How many event loops there are; `nil` for one for each core.
    var eventLoops: Int?

    init(_ values: OptionValues) throws {
        host = try values.value("host", expected: "an address") { $0.isEmpty ? nil : $0 }
        port = try values.value("port", expected: "a number from 0 to 65535") {
            Int($0).flatMap { (0...65535).contains($0) ? $0 : nil }
        }
        backplane = try Self.backplane(values)
        app = try values.value("app", expected: "a name of letters, digits, -, _ and .") { name in
            !name.isEmpty && name.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "-_.".contains($0)) }
                ? name : nil
        }
        let roles = try values.value("roles", expected: "edge, worker or edge,worker") { text -> Set<String>? in
            let roles = Set(
                text.split(separator: ",", omittingEmptySubsequences: false).map {
                    $0.trimmingCharacters(in: .whitespaces)
                })
            return roles.isSubset(of: ["edge", "worker"]) ? roles : nil
        }
        if case .memory = backplane, roles.count < 2 {
            throw UsageError("roles must be edge,worker with --backplane memory")
        }
        isEdge = roles.contains("edge")
        chat = try Self.chat(values, isWorker: roles.contains("worker"))
        streams = ChunkStreamsConfiguration()
        streams.retention = try values.duration("retention")
        streams.maximumTextBytes = try values.count("maximum-reply-bytes", atMost: 64 * 1024 * 1024)
        tls = try TLSConfiguration(values)
        hub = try Self.hubOptions(values, maximumPromptBytes: chat.maximumPromptBytes)
        // Who waits for a reply is told its end first.
        hub.drainTimeout = chat.drainTimeout + .seconds(1)
        http = try Self.http(values)
        httpIdleTimeout = try values.duration("http-idle-timeout")
        authentication = try AuthenticationConfiguration(values)
        managementKey = try values.secret("management-key", minimumSize: 16)
        model = try ModelChoice(values)
        contentFilter = try ContentFilterConfiguration(values)
        eventLoops = values.isGiven("event-loops") ? try values.count("event-loops", atMost: 1024) : nil
    }

    /// Where a node's log goes; needed before anything else is read.
    static func logger(_ values: OptionValues) throws -> Logger {
        var logger = Logger(label: "hubbub", factory: { StreamLogHandler.standardError(label: $0) })
        logger.logLevel = try values.value("log-level", expected: "trace, debug, info, notice, warning or error") {
            Logger.Level(rawValue: $0)
        }
        return logger
    }

    private static func backplane(_ values: OptionValues) throws -> Backplane {
        let authentication = try RedisAuthentication(values)
        return try values.value("backplane", expected: "memory or where Redis is") { text in
            if text == "memory" { return .memory }
            do {
                return .redis(try authentication.completing(RedisConfiguration(address: text)), authentication)
            } catch {
                throw UsageError("backplane must be memory, a redis:// URL or a connection string: \(error)")
            }
        }
    }

    private static func chat(_ values: OptionValues, isWorker: Bool) throws -> ChatHubConfiguration {
        var chat = ChatHubConfiguration()
        chat.isWorker = isWorker
        chat.maximumReplies = try values.count("replies", atMost: 1_000_000)
        chat.systemPrompt = try values.text("system-prompt") ?? chat.systemPrompt
        chat.limits = try replyLimits(values)
        chat.conversations.maximumTurns = try values.count("conversation-turns", atMost: 1000)
        chat.conversations.maximumBytes = try values.count("conversation-bytes", atMost: 4 * 1024 * 1024)
        chat.groups.maximumMessages = try values.count("group-messages", atMost: 10_000)
        chat.groups.retention = try values.duration("group-retention")
        chat.conversations.retention = try values.duration("conversation-retention")
        chat.logsReplies = try values.isOn("log-replies")
        chat.maximumPromptBytes = try values.count("maximum-prompt-bytes", atMost: 16 * 1024 * 1024)
        chat.feeds.maximumStreams = try values.count("fed-streams", atMost: 1_000_000)
        chat.feeds.silence = try values.duration("backend-timeout")
        chat.drainTimeout = try values.duration("drain-timeout", atLeast: 0)
        chat.askDeadline = try values.duration("ask-deadline")
        return chat
    }

    private static func allowedOrigins(_ values: OptionValues) throws -> AllowedOrigins {
        let origins = try values.list("allowed-origins")
        if origins == ["*"] { return .any }
        do {
            return try .listed(origins)
        } catch {
            throw UsageError("allowed-origins: \(error)")
        }
    }

    private static func http(_ values: OptionValues) throws -> HTTPHubOptions {
        var http = HTTPHubOptions()
        http.negotiatesBeforeRouter = true
        http.pollsBeforeRouter = true
        http.sendsBeforeRouter = true
        http.detachesEventStreams = true
        http.connectTimeout = try values.duration("connect-timeout")
        http.minimumProtocolVersion = try values.value("minimum-protocol-version", expected: "0 or 1") {
            ["0": 0, "1": 1][$0]
        }
        http.allowsStatefulReconnects = try values.value("allow-stateful-reconnects", expected: "true or false") {
            Bool($0)
        }
        http.limits = try limits(values)
        http.transports = try transports(values)
        http.maximumPostSize = try values.count("maximum-post-size")
        http.largePostBufferSize = try values.count("large-post-buffer-size")
        http.postTimeout = try values.duration("post-timeout")
        http.trustedProxies = try trustedProxies(values)
        if values.isGiven("allowed-origins") { http.allowedOrigins = try allowedOrigins(values) }
        http.clusterSecret = try values.secret("cluster-secret", minimumSize: 16)
        return http
    }
}

extension OptionValues {
    /// A secret that others show or sign with.
    func secret(_ name: String, minimumSize: Int) throws -> RotatingSecret? {
        guard let text = try text(name) else { return nil }
        guard text.utf8.count >= minimumSize else {
            throw UsageError("\(name) must have at least \(minimumSize) bytes")
        }
        return RotatingSecret(Array(text.utf8), minimumSize: minimumSize)
    }

    /// A whole number from one to a bound.
    func count(_ name: String, atMost bound: Int = 1_000_000_000) throws -> Int {
        try value(name, expected: "a whole number from 1 to \(bound)") {
            Int($0).flatMap { (1...bound).contains($0) ? $0 : nil }
        }
    }

    /// A year, in milliseconds: nobody waits longer.
    private static let longestDuration: Int64 = 365 * 24 * 3_600_000

    /// A duration such as `500ms` or `30s`, at least a millisecond.
    func duration(_ name: String, atLeast least: Int64 = 1) throws -> Duration {
        try value(name, expected: "a duration such as 500ms, 30s or 10m") { text in
            let units: [(String, Int64)] = [("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000)]
            guard let (unit, factor) = units.first(where: { text.hasSuffix($0.0) }),
                let count = Int64(text.dropLast(unit.count)), (least...Self.longestDuration / factor).contains(count)
            else { return nil }
            return .milliseconds(count * factor)
        }
    }
}
