import Synchronization

/// A secret that others show or sign with, and that may be replaced while the process runs.
///
/// Whoever has not heard of a new value yet goes on with the one before, so several count at a time. The current one comes first.
public final class RotatingSecret: Sendable {
    private struct State {
        var accepted: [[UInt8]]
        var refresh: (@Sendable () async -> Void)?
    }

    private let minimumSize: Int
    private let state: Mutex<State>

    /// - Parameters:
    ///   - secret: The current value.
    ///   - minimumSize: How many bytes a value must have that comes in its place.
    public init(_ secret: [UInt8], minimumSize: Int = 1) {
        self.minimumSize = minimumSize
        state = Mutex(State(accepted: [secret]))
    }

    /// The values that count, the current one first.
    public var accepted: [[UInt8]] { state.withLock { $0.accepted } }

    /// Replaces the values that count.
    ///
    /// - Parameter accepted: The new ones, the current one first. Those that are too short are left out.
    /// - Returns: Whether there was none to be left out. Where all are, nothing changes.
    @discardableResult
    public func replace(with accepted: [[UInt8]]) -> Bool {
        let usable = accepted.filter { $0.count >= minimumSize }
        guard !usable.isEmpty else { return false }
        state.withLock { $0.accepted = usable }
        return usable.count == accepted.count
    }

    /// Sets what looks for a new value at once, where somebody shows one that is not known here.
    ///
    /// - Parameter refresh: Anybody can cause it to be called: it must see to it itself that it does not do so too often.
    public func onUnknownValue(_ refresh: @escaping @Sendable () async -> Void) {
        state.withLock { $0.refresh = refresh }
    }

    /// Looks for a new value.
    ///
    /// - Returns: Whether the values that count have changed meanwhile.
    package func refresh() async -> Bool {
        let (refresh, before) = state.withLock { ($0.refresh, $0.accepted) }
        guard let refresh else { return false }
        await refresh()
        return accepted != before
    }
}
