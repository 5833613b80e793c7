package import HubProtocol
import Synchronization

/// What a test client has received and nobody has taken yet.
package final class MessageInbox: Sendable {
    package typealias Predicate = @Sendable (HubMessage) -> Bool

    private struct Waiter {
        let matches: Predicate
        let continuation: CheckedContinuation<HubMessage, any Error>
    }

    private struct State {
        var messages: [HubMessage] = []
        var waiters: [(id: Int, waiter: Waiter)] = []
        var lastID = 0
        var end: HubTestError?
    }

    private let state = Mutex(State())

    package init() {}

    package func put(_ message: HubMessage) {
        let waiter = state.withLock { state -> Waiter? in
            guard let index = state.waiters.firstIndex(where: { $0.waiter.matches(message) }) else {
                state.messages.append(message)
                return nil
            }
            return state.waiters.remove(at: index).waiter
        }
        waiter?.continuation.resume(returning: message)
    }

    /// Nothing more comes.
    package func end() {
        let waiters = state.withLock { state in
            state.end = .closed
            defer { state.waiters = [] }
            return state.waiters
        }
        for (_, waiter) in waiters { waiter.continuation.resume(throwing: HubTestError.closed) }
    }

    /// The messages that nobody has taken.
    package var messages: [HubMessage] { state.withLock { $0.messages } }

    /// Takes the first message that matches, and waits for it where it has not come yet.
    package func take(within timeout: Duration, where matches: @escaping Predicate) async throws -> HubMessage {
        let id = state.withLock { state in
            state.lastID += 1
            return state.lastID
        }
        let deadline = Task {
            try await Task.sleep(for: timeout)
            fail(id, .timeout)
        }
        defer { deadline.cancel() }
        return try await withCheckedThrowingContinuation { continuation in
            let result = state.withLock { state -> Result<HubMessage, any Error>? in
                if let index = state.messages.firstIndex(where: matches) {
                    return .success(state.messages.remove(at: index))
                }
                if let end = state.end { return .failure(end) }
                state.waiters.append((id, Waiter(matches: matches, continuation: continuation)))
                return nil
            }
            if let result { continuation.resume(with: result) }
        }
    }

    private func fail(_ id: Int, _ error: HubTestError) {
        let waiter = state.withLock { state -> Waiter? in
            guard let index = state.waiters.firstIndex(where: { $0.id == id }) else { return nil }
            return state.waiters.remove(at: index).waiter
        }
        waiter?.continuation.resume(throwing: error)
    }
}
