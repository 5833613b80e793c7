import HubServer
import NIOConcurrencyHelpers
import NIOCore

/// A stream of server-sent events at its edge: the body of the response to the client's `GET`.
///
/// The home writes to it from its event loop; one task, which writes the response, takes from it.
final class EventStream: SessionPeer {
    private struct State {
        var machine = StateMachine()
        var home: (any SessionPeer)?
        var credit = SessionCredit()
        /// How many bytes of the home's data the reader was given and has not yet written.
        var size = 0
        var reader: CheckedContinuation<StateMachine.Next, Never>?
    }

    private let state = NIOLockedValueBox(State())

    init() {}

    /// The home has taken the stream.
    func opened(at home: any SessionPeer) {
        state.withLockedValue { $0.home = home }
    }

    func take(_ message: SessionMessage) {
        switch message {
        case .data(let messages): change { $0.received(messages) }
        case .close(let close): change { $0.close(close) }
        case .consumed, .format, .ended: break
        }
    }

    /// Changes the state and wakes the reader where that has something to do now.
    private func change(_ change: (inout StateMachine) -> Void) {
        let wake = state.withLockedValue {
            state -> (CheckedContinuation<StateMachine.Next, Never>, StateMachine.Next)? in
            change(&state.machine)
            guard let reader = state.reader else { return nil }
            let next = state.machine.next()
            if next == .nothingYet { return nil }
            state.reader = nil
            return (reader, next)
        }
        if let (reader, next) = wake { reader.resume(returning: next) }
    }

    /// The next bytes of the body, when there are some; nil at the body's end. What was returned before has been written.
    ///
    /// - Throws: `ChannelError` where the response has to be broken off.
    func nextEvents() async throws -> ByteBuffer? {
        consumed()
        switch await next() {
        case .events(let events, let size):
            state.withLockedValue { $0.size = size }
            return events
        case .finish: return nil
        case .abort, .nothingYet: throw ChannelError.ioOnClosedChannel
        }
    }

    private func next() async -> StateMachine.Next {
        await withCheckedContinuation { reader in
            let next = state.withLockedValue { state in
                let next = state.machine.next()
                if next == .nothingYet { state.reader = reader }
                return next
            }
            if next != .nothingYet { reader.resume(returning: next) }
        }
    }

    private func consumed() {
        let (home, consumed) = state.withLockedValue { state in
            defer { state.size = 0 }
            return (state.home, state.credit.consumed(state.size))
        }
        if let consumed { home?.take(.consumed(consumed)) }
    }

    /// The client has left, or the response is over. From any thread, any number of times.
    func ended() {
        let (home, end) = state.withLockedValue { state in
            defer { state.home = nil }
            return (state.home, state.machine.ended())
        }
        change { _ in }
        if let end { home?.take(.ended(end)) }
    }
}
