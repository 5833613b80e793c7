import NIOConcurrencyHelpers
import NIOCore

/// The connections of one event loop that have something to write.
///
/// However many connections are added from however many threads, the event loop is woken once; it then writes to all of
/// them, each flushed once.
final class OutboxDrain: Sendable {
    private struct State {
        var waiting: [HubConnection] = []
        var isScheduled = false
    }

    private let eventLoop: any EventLoop
    private let state = NIOLockedValueBox(State())

    init(eventLoop: any EventLoop) { self.eventLoop = eventLoop }

    func add(_ connection: HubConnection) {
        let schedules = state.withLockedValue { state in
            state.waiting.append(connection)
            defer { state.isScheduled = true }
            return !state.isScheduled
        }
        if schedules { eventLoop.execute { self.drain() } }
    }

    private func drain() {
        let connections = state.withLockedValue { state in
            defer {
                state.waiting = []
                state.waiting.reserveCapacity(0)
                state.isScheduled = false
            }
            return state.waiting
        }
        for connection in connections { connection.drainOutbox() }
    }
}
