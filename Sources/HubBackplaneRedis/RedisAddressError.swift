/// What is wrong with a text that tells where Redis is.
public struct RedisAddressError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What is wrong; tells nothing of what may be a password.
    public let description: String

    init(_ description: String) { self.description = description }
}
