import NIOCore
import Synchronization

/// What the connections of one event loop share: the list of those that have something to write, and one timer.
final class ConnectionLoop: Sendable {
    let eventLoop: any EventLoop
    let drain: OutboxDrain
    let limits: ConnectionTimers.Limits
    private let clock: NIOLoopBoundBox<ConnectionClock>

    init(eventLoop: any EventLoop, limits: ConnectionTimers.Limits) {
        self.eventLoop = eventLoop
        self.limits = limits
        drain = OutboxDrain(eventLoop: eventLoop)
        clock = NIOLoopBoundBox(ConnectionClock(), eventLoop: eventLoop)
    }
}

/// Wheels of connections and of timers, and the timer that turns both.
private struct ConnectionClock {
    var wheel = TimingWheel<HubConnection>(size: 64)
    var timers = TimingWheel<LoopTimer>(size: 64)
    var timer: RepeatedTask?
}

// MARK: Time (on the event loop)

extension ConnectionLoop {
    var now: Tick { clock.value.wheel.now }

    /// The first tick that is not before a time has passed.
    func tick(after duration: Duration) -> Tick {
        now.adding(limits.ticks(atLeast: duration))
    }

    func wake(_ connection: HubConnection, at tick: Tick) {
        clock.withValue { clock in
            clock.wheel.schedule(connection, at: tick)
            if clock.timer == nil { clock.timer = startTimer() }
        }
    }

    func forget(_ connection: HubConnection) {
        clock.withValue { $0.wheel.remove(connection) }
    }

    func wake(_ timer: LoopTimer, at tick: Tick) {
        clock.withValue { clock in
            clock.timers.schedule(timer, at: tick)
            if clock.timer == nil { clock.timer = startTimer() }
        }
    }

    func forget(_ timer: LoopTimer) {
        clock.withValue { $0.timers.remove(timer) }
    }

    private func startTimer() -> RepeatedTask {
        let tick = TimeAmount(limits.tick)
        return eventLoop.scheduleRepeatedTask(initialDelay: tick, delay: tick) { [weak self] timer in
            guard let self else { return timer.cancel() }
            self.tick()
        }
    }

    private func tick() {
        let (connections, timers) = clock.withValue { clock in
            let due = (clock.wheel.advance(), clock.timers.advance())
            if due.0.isEmpty, due.1.isEmpty, clock.wheel.count == 0, clock.timers.count == 0 {
                clock.timer?.cancel()
                clock.timer = nil
            }
            return due
        }
        for connection in connections { connection.timePassed() }
        for timer in timers { timer.timePassed() }
    }
}

// MARK: Shutdown (on the event loop)

extension ConnectionLoop {
    func closeAll(_ close: TransportClose) {
        for connection in clock.value.wheel.all {
            connection.close(error: nil, allowReconnect: true, transport: close)
        }
    }

    /// - Returns: How many were closed.
    func closeIdle(atMost limit: Int, _ close: TransportClose) -> Int {
        let idle = clock.value.wheel.all.lazy.filter(\.isIdle).prefix(limit)
        var count = 0
        for connection in idle {
            connection.close(error: nil, allowReconnect: true, transport: close)
            count += 1
        }
        return count
    }

    func abortAll() {
        for connection in clock.value.wheel.all { connection.cut(.tooSlow) }
    }
}

/// The loops of a server, made when the first connection of an event loop comes.
final class ConnectionLoops: Sendable {
    private let limits: ConnectionTimers.Limits
    private let loops = Mutex<[ObjectIdentifier: ConnectionLoop]>([:])

    init(options: HubOptions) { limits = ConnectionTimers.Limits(options) }

    var all: [ConnectionLoop] { loops.withLock { Array($0.values) } }

    /// Call on the event loop.
    subscript(eventLoop: any EventLoop) -> ConnectionLoop {
        loops.withLock { loops in
            if let loop = loops[ObjectIdentifier(eventLoop)] { return loop }
            let loop = ConnectionLoop(eventLoop: eventLoop, limits: limits)
            loops[ObjectIdentifier(eventLoop)] = loop
            return loop
        }
    }
}
