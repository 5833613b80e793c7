/// A node that is being watched by ``NodeLeases/watch(_:onDeath:)``.
public struct NodeWatch: Sendable {
    private let onCancel: @Sendable () -> Void

    init(onCancel: @escaping @Sendable () -> Void) { self.onCancel = onCancel }

    /// Ends the watch. Its `onDeath` is not called any more, unless it is being called.
    public func cancel() { onCancel() }
}
