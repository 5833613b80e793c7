import ChunkStreams
import HubBackplane
import HubProtocol
import HubServer
import NIOCore

/// A connection that has joined a group, and what it is told.
///
/// `NewMessage(userName, message)` and `newMessageWithId("ChatGPT", messageId, textSoFar)` are those of ASP.NET's sample. A
/// client that has joined with options knows more: these have one argument more, `{cursor, at, askedBy?, isOver?}`, and the
/// text of replies comes as `partial` alone instead of again and again as a whole.
struct GroupMember: Sendable {
    static let assistant = "ChatGPT"

    let connection: HubConnection
    let userName: String
    let hasOptions: Bool

    /// - Parameter isHistory: Whether it was said before the member joined, or came back.
    func say(_ item: GroupHistory.Item, isHistory: Bool) {
        switch item.content {
        case .message(let userName, let text, let connection):
            // The sender shows it already.
            if connection == self.connection.id, !isHistory { return }
            event("NewMessage", [.string(userName), .string(text)], item)
        case .reply(let id, let askedBy, let text):
            guard hasOptions || text != nil else { return }
            event(
                "newMessageWithId", [.string(Self.assistant), .string(id.rawValue), .string(text ?? "")], item,
                askedBy: askedBy, isOver: text != nil)
        }
    }

    private func event(
        _ target: String, _ arguments: [HubValue], _ item: GroupHistory.Item, askedBy: String? = nil,
        isOver: Bool? = nil
    ) {
        var arguments = arguments
        if hasOptions {
            var members: [(name: String, value: HubValue)] = [
                ("cursor", .string("\(item.id)")), ("at", .integer(item.at)),
            ]
            if let askedBy { members.append(("askedBy", .string(askedBy))) }
            if let isOver { members.append(("isOver", .bool(isOver))) }
            arguments.append(.object(members))
        }
        var buffer = ByteBuffer()
        // Only floating-point numbers can fail to be encoded, and no event has one.
        try? connection.encoding.writeInvocation(target: target, arguments, into: &buffer)
        connection.enqueue(buffer)
    }
}
