import HubBackplane
import Synchronization

/// A sign that the backplane may have been reconnected since it was last looked at.
final class NewConnection: Sendable {
    private let sign = Mutex(true)

    init(_ backplane: any Backplane) {
        backplane.observeState { [weak self] state in
            if state == .ready { self?.giveSign() }
        }
    }

    func giveSign() { sign.withLock { $0 = true } }

    func takeSign() -> Bool {
        sign.withLock { sign in
            defer { sign = false }
            return sign
        }
    }
}
