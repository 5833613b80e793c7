extension HubMessage {
    /// Whether both sides of a stateful reconnect count it. They count by type, whatever else is in it: an invocation that
    /// cannot be bound is one, too.
    package var isSequenced: Bool {
        switch self {
        case .invocation, .streamInvocation, .streamItem, .completion, .cancelInvocation: true
        case .ping, .close, .ack, .sequence, .unknown: false
        }
    }
}
