/// One message of the hub protocol, in either direction and whatever its encoding (HubProtocol.md, "Message Types").
package enum HubMessage: Sendable, Equatable {
    /// Calls `target`; answered by one completion when it has an invocation id, else never.
    case invocation(InvocationMessage)
    /// Calls `target` for a stream: stream items, then one completion. Its invocation id is never nil.
    case streamInvocation(InvocationMessage)
    case streamItem(StreamItemMessage)
    case completion(CompletionMessage)
    case cancelInvocation(id: String)
    case ping
    case close(CloseMessage)
    /// The highest message number received so far (stateful reconnect).
    case ack(sequenceID: Int64)
    /// The number of the first message that follows on a resumed transport (stateful reconnect).
    case sequence(sequenceID: Int64)
    /// A type this version does not know, to be ignored.
    case unknown(type: Int)
}
