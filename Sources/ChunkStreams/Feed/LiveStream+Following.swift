import HubBackplane
import NIOCore
import Synchronization

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
                state.withLock { $0.isSubscribing = false }
                return
            }
            let isWanted = state.withLock { state in
                state.isSubscribing = false
                guard !state.isClosed, state.feed != nil else { return false }
                state.following.subscription = subscription
                return true
            }
            guard isWanted else { return subscription.cancel() }
            read()
        }
    }

    /// Nothing was heard for some time, or the backplane is back: what was missed is in the log.
    func catchUp() {
        let mustFollow = state.withLock { state in
            state.quietTicks = 0
            guard state.feed != nil, state.following.subscription == nil, !state.isSubscribing else { return false }
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
            received(payload)
        }
    }

    /// An entry came, on the stream's channel or this node's feed.
    func received(_ payload: ByteBuffer) {
        guard let entry = StreamEntry(payload: payload) else { return }
        let action = state.withLock { state in
            defer { state.hasNews(windowBytes: node.configuration.windowBytes) }
            return state.feed?.received(entry, content: &state.content) ?? .none
        }
        if case .chunks = entry {} else { noteProducer() }
        if action == .readLog { readPages() }
    }

    func read() {
        let action = state.withLock { $0.feed?.mustRead() ?? .none }
        if action == .readLog { readPages() }
    }

    private func readPages() {
        Task {
            do {
                var action = FeedStateMachine.Action.readLog
                var position: LogID?
                while action != .none {
                    if action == .readLog { position = try await beginningOfReading() }
                    let page = try await node.backplane.read(names.log, after: position)
                    position = page.entries.last?.id ?? position
                    action = take(page)
                }
            } catch {
                return state.withLock { $0.feed?.readFailed() ?? () }
            }
            noteProducer()
            if let hole = state.withLock({ $0.feed?.hole }) { report(hole) }
            if state.withLock({ $0.takeSilence() }) { askWhetherProduced() }
        }
    }

    /// Where the log is read on; what a client claims to have read is first held against the log.
    private func beginningOfReading() async throws -> LogID? {
        let (position, isClaimed) = state.withLock { ($0.content.position, $0.content.isClaimed) }
        guard isClaimed else { return position }
        let standing = try await node.standing(names)
        return state.withLock { state in
            if state.content.isClaimed {
                state.content.compareClaim(with: standing)
                state.viewers.signal()
            }
            return state.content.position
        }
    }

    private func take(_ page: LogPage) -> FeedStateMachine.Action {
        state.withLock { state in
            let action = state.feed?.read(page.streamEntries, isLast: page.isLast, content: &state.content) ?? .none
            if !page.entries.isEmpty { state.hasNews(windowBytes: node.configuration.windowBytes) }
            return action
        }
    }

    /// Who produces the stream may have become known, or changed.
    private func noteProducer() {
        let (isNew, mustAsk) = state.withLock { ($0.hasNewProducer, $0.mustAskToBeFed) }
        if isNew { watchProducer() }
        if mustAsk { askToBeFed() }
    }

    /// The log has a hole: whoever produces the stream has the text and writes it again.
    func report(_ hole: LogHole) {
        guard let producer = state.withLock({ $0.content.producer }) else { return }
        say(.hole(id, hole), to: producer)
    }

    func say(_ message: NodeMessage, to node: NodeID) {
        self.node.backplane.publish(message.payload, to: self.node.names.node(node), completion: { _ in })
    }
}

extension LiveStream.State {
    fileprivate mutating func hasNews(windowBytes: Int) {
        quietTicks = 0
        isSilent = false
        boundText(to: windowBytes)
        viewers.signal()
    }

    /// Whether nothing came although the log was read for it.
    fileprivate mutating func takeSilence() -> Bool {
        defer { isSilent = false }
        return isSilent && content.end == nil
    }

    /// Whether another node is to be watched than is, or none any more.
    fileprivate var hasNewProducer: Bool { wantedProducer != following.producer }

    /// The node that has to be watched, as long as the stream is followed.
    var wantedProducer: NodeID? { feed == nil || content.end != nil || isClosed ? nil : content.producer }
}

extension LogPage {
    var streamEntries: [StreamEntry] { entries.compactMap { StreamEntry(payload: $0.payload) } }
}
