import NIOCore
import Synchronization

/// The streams that one client sends to its methods: the connection's event loop puts items in, methods take them out.
final class Uploads: Sendable {
    typealias Number = UInt64
    typealias Ticket = UInt64

    private let machine: Mutex<StateMachine>
    private let lastTicket = Atomic<Ticket>(0)
    private let onRoom: @Sendable () -> Void

    /// - Parameters:
    ///   - capacity: How many items of a stream may wait before the client is held up.
    ///   - onRoom: Called on any thread when more may be read after ``receive(_:for:)`` has said that no more may.
    init(capacity: Int, onRoom: @escaping @Sendable () -> Void) {
        machine = Mutex(StateMachine(capacity: capacity))
        self.onRoom = onRoom
    }

    var isEmpty: Bool { machine.withLock { $0.isEmpty } }

    func isOpen(_ id: String) -> Bool { machine.withLock { $0.isOpen(id) } }

    func open(_ id: String) -> Number { machine.withLock { $0.open(id) } }

    /// - Returns: Whether no more may be read until there is room.
    func receive(_ item: ByteBuffer, for id: String) -> Bool {
        let (waiter, isFull) = machine.withLock { $0.received(item, for: id) }
        waiter?.resume(returning: item)
        return isFull
    }

    /// - Returns: Whether there is such a stream.
    func end(_ id: String, error: (any Error)?) -> Bool {
        guard let resume = machine.withLock({ $0.ended(id, error: error) }) else { return false }
        resume()
        return true
    }

    func failAll(_ error: any Error) {
        for resume in machine.withLock({ $0.failAll(error) }) { resume() }
    }

    func close(_ number: Number) {
        let (resume, makesRoom) = machine.withLock { $0.close(number) }
        resume()
        if makesRoom { onRoom() }
    }

    /// The next item of a stream; nil at its end.
    ///
    /// - Throws: What the stream failed with, `CancellationError` when the task is cancelled while it waits.
    func next(of number: Number) async throws -> ByteBuffer? {
        let ticket = lastTicket.add(1, ordering: .relaxed).newValue
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { waiter in
                switch machine.withLock({ $0.next(of: number, ticket, waiter) }) {
                case .ready(let item, let makesRoom):
                    if makesRoom { onRoom() }
                    waiter.resume(returning: item)
                case .failed(let error):
                    waiter.resume(throwing: error)
                case .waiting:
                    // The cancellation may have come before there was anyone to wake.
                    if Task.isCancelled { stopWaiting(for: number, ticket) }
                }
            }
        } onCancel: {
            stopWaiting(for: number, ticket)
        }
    }

    private func stopWaiting(for number: Number, _ ticket: Ticket) {
        machine.withLock { $0.stopWaiting(for: number, ticket) }?.resume(throwing: CancellationError())
    }
}
