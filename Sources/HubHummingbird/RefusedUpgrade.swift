import HubTransports
import Synchronization

/// Carries the reason why an upgrade was refused to the route that answers the request, so that the answer passes
/// through the router's middleware like any other.
final class RefusedUpgrade: Sendable {
    @TaskLocal static var current: RefusedUpgrade?

    private let refusal: Mutex<HubRefusal?>

    init(_ refusal: HubRefusal) {
        self.refusal = Mutex(refusal)
    }

    /// The reason, once: later requests of the same connection are requests of their own.
    func take() -> HubRefusal? {
        refusal.withLock { refusal in
            defer { refusal = nil }
            return refusal
        }
    }
}
