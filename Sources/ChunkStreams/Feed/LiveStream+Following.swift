import HubBackplane
import NIOConcurrencyHelpers
import NIOCore

/// Following a stream that another node produces.
extension LiveStream {
    /// Subscribes, and reads the log once the subscription is confirmed. Where the backplane is away this is tried
    /// again with each sweep.
    func follow() {
        Task {
            let subscription: ChannelSubscription
            do {
                subscription = try await node.backplane.subscribe(to: names.channel) { event in
                    self.heard(event)
                }
            } catch {
                state.withLockedValue { $0.isSubscribing = false }
                return
            }
            let isWanted = state.withLockedValue { state in
                state.isSubscribing = false
                guard !state.isClosed, state.feed != nil else { return false }
                state.subscription = subscription
                return true
            }
            guard isWanted else { return subscription.cancel() }
            read()
        }
    }

    /// Nothing was heard for some time, or the backplane is back: what was missed is in the log.
    func catchUp() {
        let mustFollow = state.withLockedValue { state in
            state.quietTicks = 0
            guard state.feed != nil, state.subscription == nil, !state.isSubscribing else { return false }
            state.isSubscribing = true
            return true
        }
        if mustFollow { follow() } else { read() }
    }

    private func heard(_ event: SubscriptionEvent) {
        switch event {
        case .resubscribed:
            read()
        case .message(let payload):
            guard let entry = StreamEntry(payload: payload) else { return }
            let action = state.withLockedValue { state -> FeedStateMachine.Action in
                state.quietTicks = 0
                let action = state.feed?.received(entry, content: &state.content) ?? .none
                state.boundText(to: node.configuration.windowBytes)
                state.viewers.signal()
                return action
            }
            if action == .readLog { readPages() }
        }
    }

    private func read() {
        let action = state.withLockedValue { $0.feed?.mustRead() ?? .none }
        if action == .readLog { readPages() }
    }

    private func readPages() {
        Task {
            var action = FeedStateMachine.Action.readLog
            while action == .readLog {
                let position = state.withLockedValue { $0.content.position }
                guard let page = try? await node.backplane.read(names.log, after: position) else {
                    return state.withLockedValue { $0.feed?.readFailed() ?? () }
                }
                action = take(page)
            }
            askForMissing()
        }
    }

    private func take(_ page: LogPage) -> FeedStateMachine.Action {
        state.withLockedValue { state in
            let action = state.feed?.read(page.streamEntries, isLast: page.isLast, content: &state.content) ?? .none
            state.boundText(to: node.configuration.windowBytes)
            state.viewers.signal()
            return action
        }
    }

    /// The log has a hole: whoever produces the stream has the text and writes it again.
    private func askForMissing() {
        let producer = state.withLockedValue { $0.feed?.hasHole == true ? $0.content.producer : nil }
        guard let producer else { return }
        node.backplane.publish(
            NodeMessage.compare(id).payload, to: node.names.node(producer), completion: { _ in })
    }
}

extension LogPage {
    var streamEntries: [StreamEntry] { entries.compactMap { StreamEntry(payload: $0.payload) } }
}
