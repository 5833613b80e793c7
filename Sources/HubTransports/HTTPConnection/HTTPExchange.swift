import HubServer
import NIOConcurrencyHelpers

/// An HTTP request that arrived at this node and waits for its home's answer.
final class HTTPExchange: EdgeExchange {
    private enum State {
        case open
        case waiting(CheckedContinuation<HomeAnswer, Never>)
        case answered(HomeAnswer)
    }

    private let state = NIOLockedValueBox(State.open)
    private let home = NIOLockedValueBox<(any ConnectionHome)?>(nil)

    /// The first answer counts.
    func answer(_ answer: HomeAnswer) {
        let waiter = state.withLockedValue { state -> CheckedContinuation<HomeAnswer, Never>? in
            switch state {
            case .open:
                state = .answered(answer)
                return nil
            case .waiting(let waiter):
                state = .answered(answer)
                return waiter
            case .answered:
                return nil
            }
        }
        waiter?.resume(returning: answer)
    }

    func hold() {}

    /// Asks a home and waits for its answer. Once.
    func ask(_ request: HomeRequest, identity: HubIdentity, of home: any ConnectionHome) async -> HomeAnswer {
        self.home.withLockedValue { $0 = home }
        home.take(request, identity: identity, from: self)
        return await value()
    }

    /// The client of a poll has left before it was answered.
    func clientLeft() {
        home.withLockedValue { $0 }?.finished(self, delivered: false)
        answer(.poll(.ended))
    }

    /// Waits for the answer. Once.
    private func value() async -> HomeAnswer {
        await withCheckedContinuation { waiter in
            let answer = state.withLockedValue { state -> HomeAnswer? in
                if case .answered(let answer) = state { return answer }
                state = .waiting(waiter)
                return nil
            }
            if let answer { waiter.resume(returning: answer) }
        }
    }
}
