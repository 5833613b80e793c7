import HubBackplaneRedis

/// How a node shows Redis who it is.
struct RedisAuthentication: Sendable {
    var usesEntra: Bool
    var user: String?
    private let password: String?
    private let tls: RedisTLSFiles

    init(_ values: OptionValues) throws {
        usesEntra = try values.value("redis-auth", expected: "password or entra") {
            ["password": false, "entra": true][$0]
        }
        user = try values.text("redis-user")
        password = try values.text("redis-password")
        tls = try RedisTLSFiles(values)
        guard user != "", password != "" else { throw UsageError("redis-user and redis-password must not be empty") }
        guard !usesEntra || password == nil else {
            throw UsageError("redis-password cannot be given with redis-auth entra")
        }
        guard user == nil || usesEntra || password != nil else {
            throw UsageError("redis-user needs redis-password or redis-auth entra")
        }
    }

    /// What is shown with a password.
    func credentials(password: String) -> RedisCredentials { RedisCredentials(username: user, password: password) }

    /// Puts what other options tell to what the address does.
    func completing(_ configuration: RedisConfiguration) throws -> RedisConfiguration {
        var configuration = configuration
        try tls.complete(&configuration)
        guard usesEntra || password != nil else { return configuration }
        guard configuration.credentials.isAnonymous else {
            throw UsageError("backplane has a password, and redis-auth or redis-password says otherwise")
        }
        // A token opens whatever its identity may use, to anybody who reads it.
        let isEncrypted = configuration.tls != nil || ["127.0.0.1", "::1", "localhost"].contains(configuration.host)
        guard !usesEntra || isEncrypted else {
            throw UsageError("redis-auth entra needs TLS: a rediss:// URL or ssl=True")
        }
        if let password { configuration.credentials = .fixed(credentials(password: password)) }
        return configuration
    }
}
