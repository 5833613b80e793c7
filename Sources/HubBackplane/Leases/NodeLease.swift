/// What a node has last said of itself on the backplane.
public struct NodeLease: Hashable, Sendable {
    /// Greater each time the node has said that it lives.
    public var count: UInt64
    /// The node is subscribing to its channels again: a message to it may count no receivers although it lives.
    public var isResubscribing: Bool

    /// Creates a lease; for implementations of ``Backplane``.
    public init(count: UInt64, isResubscribing: Bool = false) {
        self.count = count
        self.isResubscribing = isResubscribing
    }
}
