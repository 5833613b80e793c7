import NIOCore
import Synchronization

/// Lets any number of tasks wait for points in time at the price of one timer.
///
/// A `Task.sleep` for each chunk costs several times what the rest of producing it does. Here one timer on an event loop
/// fires in the next millisecond in which somebody wants to go on, and all of them are resumed together.
final class Pacer: Sendable {
    private typealias Waiter = UnsafeContinuation<Void, Never>

    private struct State {
        var wheel = TimingWheel<Waiter>()
        var timer: Scheduled<Void>?
        /// The tick of the timer.
        var wake = UInt64.max
    }

    private static let nanosecondsPerTick: Int64 = 1_000_000

    let eventLoop: any EventLoop
    private let state = Mutex(State())

    init(eventLoop: any EventLoop) {
        self.eventLoop = eventLoop
    }

    /// Returns in the first millisecond after the deadline, or after a quarter of a second: cancellation does not end a
    /// wait, so whoever waits for longer has to look for it and wait again.
    ///
    /// There is no cancellation handler, because one costs as much as the wait itself.
    func wait(until deadline: NIODeadline, now: NIODeadline) async {
        // Unsafe is sound: whoever takes a continuation out of the wheel, under the lock, resumes it.
        await withUnsafeContinuation { (waiter: Waiter) in
            let tick = Self.tick(of: deadline + .nanoseconds(Self.nanosecondsPerTick - 1))
            let current = Self.tick(of: now)
            state.withLock { state in
                let tick = state.wheel.add(waiter, at: tick, now: current)
                if tick < state.wake {
                    setTimer(to: tick, &state)
                }
            }
        }
    }

    private func fire() {
        var due: [Waiter] = []
        state.withLock { state in
            state.wheel.advance(to: Self.tick(of: .now()), into: &due)
            if let next = state.wheel.nextTick {
                setTimer(to: next, &state)
            } else {
                state.wake = .max
            }
        }
        for waiter in due {
            waiter.resume()
        }
    }

    private func setTimer(to tick: UInt64, _ state: inout State) {
        // One that still fires because this comes too late finds nothing due.
        state.timer?.cancel()
        state.wake = tick
        let deadline = NIODeadline.uptimeNanoseconds(tick * UInt64(Self.nanosecondsPerTick))
        state.timer = eventLoop.scheduleTask(deadline: deadline) { self.fire() }
    }

    private static func tick(of time: NIODeadline) -> UInt64 {
        time.uptimeNanoseconds / UInt64(nanosecondsPerTick)
    }
}
