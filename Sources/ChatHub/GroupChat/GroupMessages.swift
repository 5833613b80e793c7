import HubBackplane

/// What `JoinGroup` accepts beside the group's name. Members that it does not know are ignored.
struct JoinOptions: Decodable, Sendable {
    /// What the client's user is called; the name of who is authenticated counts instead.
    var userName: String?
    /// The cursor of the last message that the client has: it is told what came after.
    var after: String?
}

/// The result of `JoinGroup`.
struct JoinResult: Encodable, Sendable {
    let groupName: String
    let userName: String
    /// Who is in the group, on all nodes: see `Members`.
    let members: [String]
}

/// The result of `Chat`.
struct ChatResult: Encodable, Sendable {
    /// The message's place.
    let cursor: String
    /// The reply's id, where the model was asked and may reply.
    var messageId: String?
}

extension LogID {
    /// A cursor that a client was given.
    init?(cursor: String) {
        let parts = cursor.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 2, let epoch = UInt64(parts[0]), let seq = UInt64(parts[1]) else { return nil }
        self.init(epoch: epoch, seq: seq)
    }
}
