/// Where Redis is, and how it is used.
public struct RedisConfiguration: Sendable {
    /// The host name or address.
    public var host: String
    /// The port.
    public var port: Int
    /// The user of Redis' access control list; `nil` is the default user.
    public var username: String?
    /// The password; never printed.
    public var password: String?
    /// The number of the database.
    public var database: Int

    /// How long a command may stay unanswered before its connection counts as lost.
    public var commandTimeout: Duration = .seconds(5)
    /// How long a connection may take until it can be used.
    public var connectTimeout: Duration = .seconds(3)
    /// How many bytes of commands may be under way; more are refused as unavailable.
    public var pendingBytesLimit = 64 << 20

    /// Creates a configuration.
    public init(
        host: String = "127.0.0.1", port: Int = 6379, username: String? = nil, password: String? = nil,
        database: Int = 0
    ) {
        self.host = host
        self.port = port
        self.username = username
        self.password = password
        self.database = database
    }
}

extension RedisConfiguration: CustomStringConvertible, CustomReflectable {
    public var description: String {
        let user = username.map { "\($0)@" } ?? ""
        return "redis://\(user)\(host.contains(":") ? "[\(host)]" : host):\(port)/\(database)"
    }

    public var customMirror: Mirror { Mirror(self, children: ["url": description]) }
}
