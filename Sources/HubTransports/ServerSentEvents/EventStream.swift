import HubServer
import NIOConcurrencyHelpers
import NIOCore

/// A stream of server-sent events at its edge: the body of the response to the client's `GET`.
///
/// The home writes to it from its event loop; who writes the response takes from it.
final class EventStream: SessionPeer {
    private struct State {
        var machine = StateMachine()
        var home: (any SessionPeer)?
        var credit = SessionCredit()
        /// How many bytes of the home's data the reader was given and has not yet written.
        var size = 0
        var reader: (@Sendable (EventStreamResponse.Next) -> Void)?

        /// Nil where there is nothing yet.
        mutating func next() -> EventStreamResponse.Next? {
            switch machine.next() {
            case .events(let events, let size):
                self.size = size
                return .events(events)
            case .finish: return .finish
            case .abort: return .abort
            case .nothingYet: return nil
            }
        }
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
            state -> ((EventStreamResponse.Next) -> Void, EventStreamResponse.Next)? in
            change(&state.machine)
            guard let reader = state.reader, let next = state.next() else { return nil }
            state.reader = nil
            return (reader, next)
        }
        if let (reader, next) = wake { reader(next) }
    }

    /// Gives a reader what is next of the body, once and when there is something. What was given before has been written.
    func next(_ reader: @escaping @Sendable (EventStreamResponse.Next) -> Void) {
        let (home, consumed, next) = state.withLockedValue { state in
            let consumed = state.credit.consumed(state.size)
            state.size = 0
            let next = state.next()
            if next == nil { state.reader = reader }
            return (state.home, consumed, next)
        }
        if let consumed { home?.take(.consumed(consumed)) }
        if let next { reader(next) }
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
