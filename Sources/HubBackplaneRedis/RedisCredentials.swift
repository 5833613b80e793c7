/// What a connection shows to Redis. It appears in no description of itself or of what holds it.
public struct RedisCredentials: Sendable, Hashable {
    /// The user of Redis' access control list; `nil` is the default user.
    public let username: String?
    /// The password, or a token of Microsoft Entra ID.
    public let password: String

    public init(username: String? = nil, password: String) {
        self.username = username
        self.password = password
    }

    /// `AUTH`, as it is sent.
    var command: [RESPArgument] {
        ["AUTH"] + (username.map { [.text($0)] } ?? []) + [.text(password)]
    }
}

extension RedisCredentials: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public var description: String { "RedisCredentials(\(username ?? "default"))" }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: ["username": username as Any]) }
}

/// Where credentials come from: asked for each connection that is made, and from time to time for those that live.
public struct RedisCredentialsSource: Sendable {
    /// Gives the credentials of now, `nil` for a server that wants none.
    ///
    /// - Parameter refused: What the server has just refused, for whoever may have newer ones.
    public typealias Read = @Sendable (_ refused: RedisCredentials?) async throws -> RedisCredentials?

    let read: Read
    /// How often it is looked whether they have changed; `nil` where they never do.
    let checkInterval: Duration?
    /// Whether nothing is ever shown.
    public let isAnonymous: Bool

    /// The same for ever.
    public static func fixed(_ credentials: RedisCredentials?) -> RedisCredentialsSource {
        RedisCredentialsSource(read: { _ in credentials }, checkInterval: nil, isAnonymous: credentials == nil)
    }

    /// Credentials that change while connections live, as tokens and replaced passwords do: the connections go over to new ones
    /// without a gap.
    ///
    /// - Parameters:
    ///   - checkInterval: How often it is looked whether they have changed.
    ///   - read: Answers from memory, but where something has to be fetched.
    public static func changing(checkInterval: Duration = .seconds(1), _ read: @escaping Read) -> RedisCredentialsSource
    {
        RedisCredentialsSource(read: read, checkInterval: checkInterval, isAnonymous: false)
    }
}
