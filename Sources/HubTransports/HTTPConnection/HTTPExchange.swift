import HubServer
import NIOConcurrencyHelpers
import NIOCore

/// An HTTP request that arrived at this node and waits for an answer: its home's, or this node's leave to go on.
final class HTTPExchange: EdgeExchange {
    private enum Phase {
        case open
        case waiting(CheckedContinuation<HomeAnswer, Never>)
        /// Whoever asked is called, and keeps no task meanwhile.
        case expecting(@Sendable (HomeAnswer) -> Void)
        case answered(HomeAnswer)
    }

    private struct State {
        var phase = Phase.open
        var home: (any ConnectionHome)?
        var isGivenUp = false
        /// Runs while the request is held.
        var timeout: Scheduled<Void>?
    }

    /// Until when the request waits.
    private struct Patience {
        let end: NIODeadline
        let eventLoop: any EventLoop
    }

    private let givenUp: HomeAnswer
    private let patience: Patience?
    private let state = NIOLockedValueBox(State())

    /// - Parameter givenUpAs: The answer where the client has left.
    init(givenUpAs givenUp: HomeAnswer = .refused(.unavailable)) {
        self.givenUp = givenUp
        patience = nil
    }

    /// - Parameters:
    ///   - givenUpAs: The answer where the client has left or the time is over.
    ///   - end: When a request is given up that is held.
    init(givenUpAs givenUp: HomeAnswer, at end: NIODeadline, on eventLoop: any EventLoop) {
        self.givenUp = givenUp
        patience = Patience(end: end, eventLoop: eventLoop)
    }

    /// The first answer counts.
    func answer(_ answer: HomeAnswer) {
        let (phase, timeout) = state.withLockedValue { state -> (Phase, Scheduled<Void>?) in
            let phase = state.phase
            if case .answered = phase { return (phase, nil) }
            state.phase = .answered(answer)
            return (phase, state.timeout.take())
        }
        timeout?.cancel()
        switch phase {
        case .waiting(let waiter): waiter.resume(returning: answer)
        case .expecting(let tell): tell(answer)
        case .open, .answered: break
        }
    }

    /// A home on another node says it again and again.
    func hold() {
        guard let patience else { return }
        state.withLockedValue { state in
            if case .answered = state.phase { return }
            guard state.timeout == nil else { return }
            state.timeout = patience.eventLoop.scheduleTask(deadline: patience.end) { self.giveUp() }
        }
    }

    /// Asks a home and waits for its answer. Once.
    func ask(_ request: HomeRequest, identity: HubIdentity, of home: any ConnectionHome) async -> HomeAnswer {
        send(request, identity: identity, to: home)
        return await value()
    }

    /// The same without waiting.
    ///
    /// - Parameter answer: Called once, from any thread.
    func ask(
        _ request: HomeRequest, identity: HubIdentity, of home: any ConnectionHome,
        answer: @escaping @Sendable (HomeAnswer) -> Void
    ) {
        send(request, identity: identity, to: home)
        let known = state.withLockedValue { state -> HomeAnswer? in
            if case .answered(let known) = state.phase { return known }
            state.phase = .expecting(answer)
            return nil
        }
        if let known { answer(known) }
    }

    private func send(_ request: HomeRequest, identity: HubIdentity, to home: any ConnectionHome) {
        let isGivenUp = state.withLockedValue { state in
            state.home = home
            return state.isGivenUp
        }
        guard !isGivenUp else { return }
        home.take(request, identity: identity, from: self)
        // Given up meanwhile, it may have been told so before it got the request.
        if state.withLockedValue({ $0.isGivenUp }) { home.finished(self, delivered: false) }
    }

    /// The client has left before it was answered, or has waited for too long.
    func giveUp() {
        let home = state.withLockedValue { state in
            state.isGivenUp = true
            return state.home
        }
        home?.finished(self, delivered: false)
        answer(givenUp)
    }

    /// Waits for the answer. Once.
    func value() async -> HomeAnswer {
        await withCheckedContinuation { waiter in
            let answer = state.withLockedValue { state -> HomeAnswer? in
                if case .answered(let answer) = state.phase { return answer }
                state.phase = .waiting(waiter)
                return nil
            }
            if let answer { waiter.resume(returning: answer) }
        }
    }
}
