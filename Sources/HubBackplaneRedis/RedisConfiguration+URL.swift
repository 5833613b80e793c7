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
    /// - Throws: ``RedisAddressError``, which never contains the URL, since that may hold a password.
    public init(url: String) throws(RedisAddressError) {
        guard let url = URLComponents(string: url) else {
            throw RedisAddressError(
                "the Redis URL is not a URL (special characters of a password must be percent-encoded)")
        }
        guard url.scheme == "redis" || url.scheme == "rediss" else {
            throw RedisAddressError("the Redis URL must begin with redis:// or rediss://")
        }
        guard let host = url.host, !host.isEmpty else {
            throw RedisAddressError("the Redis URL names no host")
        }
        guard url.query == nil, url.fragment == nil else {
            throw RedisAddressError("the Redis URL must not have a query or a fragment")
        }
        let port = url.port ?? 6379
        guard (1...65535).contains(port) else {
            throw RedisAddressError("the Redis URL has a port outside of 1 to 65535")
        }
        let user = url.user.flatMap { $0.isEmpty ? nil : $0 }
        let password = url.password.flatMap { $0.isEmpty ? nil : $0 }
        guard user == nil || password != nil else {
            throw RedisAddressError(
                "the Redis URL has a user without a password (redis://:PASSWORD@HOST for a password alone)")
        }
        self.init(
            host: host.trimmingBrackets, port: port,
            credentials: .fixed(password.map { RedisCredentials(username: user, password: $0) }),
            database: try Self.database(ofPath: url.path),
            tls: url.scheme == "rediss" ? .makeClientConfiguration() : nil)
    }

    /// Creates a configuration from a URL or, where there is no scheme, from a connection string of StackExchange.Redis.
    ///
    /// - Throws: ``RedisAddressError``
    public init(address: String) throws(RedisAddressError) {
        // A word alone may be anything.
        guard address.contains(where: { ":,".contains($0) }) else {
            throw RedisAddressError("a port or an option is missing: HOST:6379")
        }
        let afterScheme = address.drop { $0.isASCII && $0.isLetter }
        if afterScheme.hasPrefix("://") {
            try self.init(url: address)
        } else {
            try self.init(connectionString: address)
        }
    }

    private static func database(ofPath path: String) throws(RedisAddressError) -> Int {
        if path.isEmpty || path == "/" { return 0 }
        guard let database = Int(path.dropFirst()), database >= 0 else {
            throw RedisAddressError("the Redis URL must end with /NUMBER, the database, or with nothing")
        }
        return database
    }
}

extension String {
    /// The address in the brackets of an IPv6 host.
    var trimmingBrackets: String {
        hasPrefix("[") && hasSuffix("]") ? String(dropFirst().dropLast()) : self
    }
}
