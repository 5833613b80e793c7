import NIOSSL

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

extension RedisConfiguration {
    /// Creates a configuration from what StackExchange.Redis takes and Azure's portal shows,
    /// `HOST[:PORT],password=…,ssl=True,abortConnect=False`.
    ///
    /// `user`, `password`, `ssl`, `defaultDatabase`, `connectTimeout` and `asyncTimeout` (or `syncTimeout`; milliseconds) mean what
    /// they mean there. What only tells that client how to do its work is passed over; what would change whom Redis is taken for is
    /// not. Names of options are told apart without regard to case.
    ///
    /// - Throws: ``RedisAddressError``, which never contains a value, since that may be a password.
    public init(connectionString: String) throws(RedisAddressError) {
        var endpoint: Substring?
        var options: [String: String] = [:]
        for part in connectionString.split(separator: ",") {
            let part = part.trimmingSpaces
            if part.isEmpty { continue }
            // The password of Azure's caches ends with an equals sign.
            guard let equals = part.firstIndex(of: "=") else {
                guard endpoint == nil else { throw RedisAddressError(problem: "names more than one host") }
                endpoint = part
                continue
            }
            let name = String(part[..<equals].trimmingSpaces)
            guard Self.options.contains(name.lowercased()) || Self.passedOver.contains(name.lowercased()) else {
                // A name that is none may be a part of a password.
                let told = Self.unsupported.contains(name.lowercased()) ? "the option \(name)" : "an option"
                throw RedisAddressError(problem: "has \(told), which is not known here")
            }
            options[name.lowercased()] = String(part[part.index(after: equals)...].trimmingSpaces)
        }
        guard let endpoint else { throw RedisAddressError(problem: "names no host") }
        let isEncrypted = try Self.truth(options["ssl"], of: "ssl") ?? false
        let (host, port) = try Self.address(endpoint, isEncrypted: isEncrypted)
        guard options["sslhost", default: host].lowercased() == host.lowercased() else {
            throw RedisAddressError(problem: "has an sslHost other than its host, which is not supported")
        }
        let password = options["password"].flatMap { $0.isEmpty ? nil : $0 }
        let user = options["user"].flatMap { $0.isEmpty ? nil : $0 }
        guard user == nil || password != nil else { throw RedisAddressError(problem: "has a user without a password") }
        self.init(
            host: host, port: port,
            credentials: .fixed(password.map { RedisCredentials(username: user, password: $0) }),
            database: try Self.number(options["defaultdatabase"], of: "defaultDatabase", atLeast: 0) ?? 0,
            tls: isEncrypted ? .makeClientConfiguration() : nil)
        let timeout = try Self.number(options["connecttimeout"], of: "connectTimeout", atLeast: 1)
        if let timeout { connectTimeout = .milliseconds(timeout) }
        let synchronous = try Self.number(options["synctimeout"], of: "syncTimeout", atLeast: 1)
        let asynchronous = try Self.number(options["asynctimeout"], of: "asyncTimeout", atLeast: 1)
        if let commands = asynchronous ?? synchronous { commandTimeout = .milliseconds(commands) }
    }

    private static let options: Set = [
        "user", "password", "ssl", "sslhost", "defaultdatabase", "connecttimeout", "asynctimeout", "synctimeout",
    ]

    /// How StackExchange.Redis itself works, which changes nothing of where Redis is.
    private static let passedOver: Set = [
        "abortconnect", "allowadmin", "channelprefix", "checkcertificaterevocation", "clientname", "configcheckseconds",
        "configchannel", "connectretry", "heartbeatconsistencychecks", "heartbeatinterval", "highintegrity",
        "keepalive",
        "name", "protocol", "resolvedns", "setclientlibrary", "sslprotocols", "tiebreaker", "version", "writebuffer",
    ]

    private static let unsupported: Set = ["defaultversion", "proxy", "servicename", "tunnel"]

    private static func address(
        _ text: Substring, isEncrypted: Bool
    ) throws(RedisAddressError) -> (host: String, port: Int) {
        // Of an IPv6 address without brackets the last part could be a port or not.
        let isBare = text.filter { $0 == ":" }.count > 1 && !text.hasPrefix("[")
        guard !isBare, let url = URLComponents(string: "redis://\(text)"), let host = url.host, !host.isEmpty,
            url.path.isEmpty, url.user == nil, url.query == nil, url.fragment == nil
        else { throw RedisAddressError(problem: "must begin with HOST or HOST:PORT") }
        let port = url.port ?? (isEncrypted ? 6380 : 6379)
        guard (1...65535).contains(port) else { throw RedisAddressError(problem: "has a port outside of 1 to 65535") }
        return (host.trimmingBrackets, port)
    }

    private static func truth(_ text: String?, of name: String) throws(RedisAddressError) -> Bool? {
        guard let text else { return nil }
        switch text.lowercased() {
        case "true", "yes", "on", "1", "enabled": return true
        case "false", "no", "off", "0", "disabled": return false
        default: throw RedisAddressError(problem: "must have \(name)=true or \(name)=false")
        }
    }

    private static func number(
        _ text: String?, of name: String, atLeast least: Int
    ) throws(RedisAddressError) -> Int? {
        guard let text else { return nil }
        guard let number = Int(text), (least...Int(Int32.max)).contains(number) else {
            throw RedisAddressError(problem: "must have a whole number as \(name)")
        }
        return number
    }
}

extension RedisAddressError {
    fileprivate init(problem: String) { self.init("the Redis connection string \(problem)") }
}

extension Substring {
    fileprivate var trimmingSpaces: Substring {
        let start = drop(while: \.isWhitespace)
        guard let end = start.lastIndex(where: { !$0.isWhitespace }) else { return start }
        return start[...end]
    }
}
