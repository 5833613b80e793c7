import NIOSSL

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

extension RedisConfiguration {
    /// Creates a configuration from `redis://[user[:password]@]host[:port][/database]`, or `rediss://` for connections with TLS,
    /// which trust whom the system trusts.
    ///
    /// User and password are percent-encoded.
    ///
    /// - Throws: ``RedisURLError``, which never contains the URL, since that may hold a password.
    public init(url: String) throws(RedisURLError) {
        guard let url = URLComponents(string: url) else {
            throw RedisURLError("is not a URL (special characters of a password must be percent-encoded)")
        }
        guard url.scheme == "redis" || url.scheme == "rediss" else {
            throw RedisURLError("must begin with redis:// or rediss://")
        }
        guard let host = url.host, !host.isEmpty else {
            throw RedisURLError("names no host")
        }
        guard url.query == nil, url.fragment == nil else {
            throw RedisURLError("must not have a query or a fragment")
        }
        let port = url.port ?? 6379
        guard (1...65535).contains(port) else {
            throw RedisURLError("has a port outside of 1 to 65535")
        }
        let user = url.user.flatMap { $0.isEmpty ? nil : $0 }
        let password = url.password.flatMap { $0.isEmpty ? nil : $0 }
        guard user == nil || password != nil else {
            throw RedisURLError("has a user without a password (redis://:PASSWORD@HOST for a password alone)")
        }
        self.init(
            host: host.trimmingBrackets, port: port,
            credentials: .fixed(password.map { RedisCredentials(username: user, password: $0) }),
            database: try Self.database(ofPath: url.path),
            tls: url.scheme == "rediss" ? .makeClientConfiguration() : nil)
    }

    private static func database(ofPath path: String) throws(RedisURLError) -> Int {
        if path.isEmpty || path == "/" { return 0 }
        guard let database = Int(path.dropFirst()), database >= 0 else {
            throw RedisURLError("must end with /NUMBER, the database, or with nothing")
        }
        return database
    }
}

/// What is wrong with a Redis URL.
public struct RedisURLError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What is wrong; tells nothing of the URL itself.
    public let reason: String

    init(_ reason: String) { self.reason = reason }

    public var description: String { "the Redis URL \(reason)" }
}

extension String {
    /// The address in the brackets of an IPv6 host.
    fileprivate var trimmingBrackets: String {
        hasPrefix("[") && hasSuffix("]") ? String(dropFirst().dropLast()) : self
    }
}
