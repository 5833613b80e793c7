package import NIOCore

/// Wakes something that lives on an event loop, by the loop's timing wheel: late by up to two ticks, never early.
///
/// Belongs to its event loop.
package final class LoopTimer: TimingWheelEntry {
    var wheelPosition: TimingWheelPosition?
    private let loop: ConnectionLoop
    private let action: () -> Void
    private var due: Tick = 0

    fileprivate init(loop: ConnectionLoop, action: @escaping () -> Void) {
        self.loop = loop
        self.action = action
    }

    /// Wakes after this time, and not at an earlier set time.
    package func schedule(after time: Duration) {
        due = loop.tick(after: time)
        loop.wake(self, at: due)
    }

    /// Wakes before this time has passed, and not at an earlier set time.
    func schedule(within time: Duration) {
        due = loop.now + loop.limits.ticks(atMost: time)
        loop.wake(self, at: due)
    }

    package func cancel() { loop.forget(self) }

    /// The wheel turned to where the timer is.
    func timePassed() {
        // A time further ahead than the wheel is long is reached in several rounds.
        if loop.now < due { loop.wake(self, at: due) } else { action() }
    }
}

@available(*, unavailable)
extension LoopTimer: Sendable {}

extension HubServer {
    /// A timer on an event loop, not yet set. Call on that event loop.
    ///
    /// - Parameter action: Called on the event loop. The timer keeps it; the wheel keeps a timer that is set.
    package func timer(on eventLoop: any EventLoop, _ action: @escaping () -> Void) -> LoopTimer {
        LoopTimer(loop: connectionLoops[eventLoop], action: action)
    }
}
