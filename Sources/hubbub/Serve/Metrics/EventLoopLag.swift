import CoreMetrics
import NIOCore
import ServiceLifecycle

/// Times how late event loops are: the time that their work keeps the next one waiting.
struct EventLoopLag: Service {
    private static let interval = TimeAmount.milliseconds(250)

    let group: any EventLoopGroup
    private let lag = CoreMetrics.Timer(label: "hubbub_event_loop_lag_seconds")

    init(group: any EventLoopGroup) { self.group = group }

    func run() async throws {
        let tasks = group.makeIterator().map { loop in
            Watch(loop: loop, lag: lag).start()
        }
        try? await gracefulShutdown()
        for task in tasks { task.cancel() }
    }

    /// One loop, whose due times are counted from the last one: a task that comes late makes the next one no later.
    private final class Watch: Sendable {
        private let loop: any EventLoop
        private let lag: CoreMetrics.Timer
        private let due: NIOLoopBoundBox<NIODeadline>

        init(loop: any EventLoop, lag: CoreMetrics.Timer) {
            self.loop = loop
            self.lag = lag
            due = .makeBoxSendingValue(.now() + EventLoopLag.interval, eventLoop: loop)
        }

        func start() -> RepeatedTask {
            let interval = EventLoopLag.interval
            return loop.scheduleRepeatedTask(initialDelay: interval, delay: interval) { _ in self.measure() }
        }

        private func measure() {
            let now = NIODeadline.now()
            let late = now - due.value
            lag.recordNanoseconds(max(0, late.nanoseconds))
            due.value = now + EventLoopLag.interval
        }
    }
}
