extension RelayRequest {
    /// One request at its edge, until it is answered: when it is said, said again, and given up. A value without I/O; times
    /// are durations since the request came.
    struct StateMachine: Sendable {
        private enum State {
            /// The home has not said that it has what was sent.
            case asking
            /// The home has all of it, and will answer.
            case received
            case over
        }

        enum Action: Equatable {
            /// Say the piece of this index (of a request that has one piece, the request).
            case publish(piece: Int)
            /// Ask whether a node is just resubscribing: then nobody listening means nothing.
            case lookForResubscribing
            case giveUp(HomeRefusal)
            /// A poll has waited for as long as it may.
            case endPoll
            case nothing
        }

        /// How a request is to be dealt with.
        enum Kind: Sendable, Equatable {
            /// Bytes in so many pieces. The home is asked again and again for its answer.
            case send(pieces: Int)
            /// The home answers when it has something, or after the poll's time.
            case poll(timeout: Duration)
            /// The home answers at once.
            case other
        }

        private let kind: Kind
        private let times: RelayTimes
        private var state = State.asking
        private var piece = 0
        private var lastPublished = Duration.zero
        /// When the home was last heard of.
        private var lastHeard = Duration.zero
        /// Since when nobody could be reached, where that is so.
        private var unreachableSince: Duration?

        init(_ kind: Kind, times: RelayTimes) {
            self.kind = kind
            self.times = times
        }

        private var pieces: Int { if case .send(let pieces) = kind { pieces } else { 1 } }

        /// When the request is given up unless the home is heard of: the home must not do it later.
        var deadline: Duration { lastHeard + times.deadline }

        mutating func begin() -> Action { publish(now: .zero) }

        private mutating func publish(now: Duration) -> Action {
            lastPublished = now
            return .publish(piece: piece)
        }

        /// It was published, and so many nodes listen.
        mutating func published(to receivers: Int, now: Duration) -> Action {
            guard case .asking = state else { return .nothing }
            if receivers == 0 { return .lookForResubscribing }
            unreachableSince = nil
            return .nothing
        }

        /// It could not be published, or nobody knows whether it was.
        mutating func notPublished(now: Duration) { unreachableSince = unreachableSince ?? now }

        /// The answer to ``Action/lookForResubscribing``.
        mutating func nobodyListens(isSomeoneResubscribing: Bool, now: Duration) -> Action {
            guard case .asking = state else { return .nothing }
            guard isSomeoneResubscribing else {
                state = .over
                return .giveUp(.unknownConnection)
            }
            unreachableSince = unreachableSince ?? now
            return .nothing
        }

        /// The home has so many pieces, and does not answer yet.
        mutating func received(pieces count: Int, now: Duration) -> Action {
            if case .over = state { return .nothing }
            lastHeard = now
            unreachableSince = nil
            guard count < pieces else {
                state = .received
                return .nothing
            }
            guard count != piece else { return .nothing }
            piece = count
            return publish(now: now)
        }

        /// The home's answer has come.
        mutating func answered() { state = .over }

        /// What was said to this edge may have been lost.
        mutating func interrupted(now: Duration) -> Action {
            if case .over = state { return .nothing }
            lastHeard = now
            return publish(now: now)
        }

        mutating func timePassed(now: Duration) -> Action {
            switch (state, kind) {
            case (.over, _):
                return .nothing
            case (.asking, _), (.received, .send), (.received, .other):
                let isLost = unreachableSince.map { now >= $0 + times.absence } ?? false
                guard !isLost, now < deadline else {
                    state = .over
                    return .giveUp(.unavailable)
                }
                let pause = unreachableSince == nil ? times.repetition : times.interval
                return now >= lastPublished + pause ? publish(now: now) : .nothing
            case (.received, .poll(let timeout)):
                guard now >= timeout + times.deadline else { return .nothing }
                state = .over
                return .endPoll
            }
        }
    }
}
