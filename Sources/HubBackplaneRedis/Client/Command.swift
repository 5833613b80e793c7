import HubBackplane

/// A command that is under way, or several that are answered as one.
struct Command: Sendable {
    typealias Completion = @Sendable (Result<[RESPValue], BackplaneError>) -> Void

    /// How many replies belong to it.
    let replies: Int
    /// Whether strings are copied out of its replies.
    let readsPayloads: Bool
    /// Its size on the wire.
    let bytes: Int
    let complete: Completion
}
