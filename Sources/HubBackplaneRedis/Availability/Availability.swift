import HubBackplane
import Logging
import NIOCore
import Synchronization

/// Tells whether the backplane can be used, and every change of that, in order.
final class Availability: Sendable {
    typealias Observer = @Sendable (BackplaneState) -> Void

    private struct State {
        var machine = StateMachine(needed: [.commands, .reads, .subscriber])
        var observers: [Observer] = []
    }

    private let eventLoop: any EventLoop
    private let logger: Logger
    private let state = Mutex(State())

    /// - Parameter eventLoop: Where observers are called.
    init(eventLoop: any EventLoop, logger: Logger) {
        self.eventLoop = eventLoop
        self.logger = logger
    }

    var isReady: Bool { state.withLock(\.machine.isReady) }

    /// Whether all channels are subscribed.
    var isSubscribed: Bool { state.withLock { $0.machine.isUp(.subscriber) } }

    func observe(_ observer: @escaping Observer) {
        state.withLock { $0.observers.append(observer) }
    }

    func changed(_ role: RedisLink.Role, isUp: Bool) {
        state.withLock { state in
            guard let change = state.machine.changed(role, isUp: isUp) else { return }
            let observers = state.observers
            eventLoop.execute { [logger] in
                logger.notice("redis is \(change)")
                for observer in observers {
                    observer(change)
                }
            }
        }
    }
}
