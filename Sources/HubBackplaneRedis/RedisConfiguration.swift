public import NIOSSL

/// Where Redis is, and how it is used.
public struct RedisConfiguration: Sendable {
    /// The host name or address.
    public var host: String
    /// The port.
    public var port: Int
    /// What connections show; never printed.
    public var credentials: RedisCredentialsSource
    /// The number of the database.
    public var database: Int

    /// How connections are encrypted, and whom they trust; `nil` for not at all. The certificate has to be the host's.
    public var tls: TLSConfiguration?

    /// How long a command may stay unanswered before its connection counts as lost.
    public var commandTimeout: Duration = .seconds(5)
    /// How long a connection may take until it can be used.
    public var connectTimeout: Duration = .seconds(3)
    /// How many bytes of commands may be under way; more are refused as unavailable.
    public var pendingBytesLimit = 64 << 20

    /// Creates a configuration.
    public init(
        host: String = "127.0.0.1", port: Int = 6379, credentials: RedisCredentialsSource = .fixed(nil),
        database: Int = 0, tls: TLSConfiguration? = nil
    ) {
        self.host = host
        self.port = port
        self.credentials = credentials
        self.database = database
        self.tls = tls
    }
}

extension RedisConfiguration {
    /// What a connection that is made now would show.
    public var currentCredentials: RedisCredentials? {
        get async throws { try await credentials.read(nil) }
    }
}

extension RedisConfiguration: CustomStringConvertible, CustomReflectable {
    public var description: String {
        "\(tls == nil ? "redis" : "rediss")://\(host.contains(":") ? "[\(host)]" : host):\(port)/\(database)"
    }

    public var customMirror: Mirror { Mirror(self, children: ["url": description]) }
}
