import HubBackplane
import NIOCore
import Synchronization

/// What a producer's machine wants, carried out.
extension LiveStream {
    /// What is to be done outside the lock after the producer's machine has spoken.
    enum Work {
        case none
        case append(LogAppend)
        case appendEnd(LogAppend, after: LogID)
        case reopen(LogAppend, after: LogID?, meta: ByteBuffer)
        case readLogEnd
        case publish(ByteBuffer, goOn: Bool)
        case retryLater
        case follow(interrupt: (@Sendable () -> Void)?, waiters: [CheckedContinuation<StreamEnd?, Never>])
        case ended
    }

    /// Tells the producer's machine what has happened, and turns what it wants into bytes for the backplane.
    func work(
        in state: inout State,
        after event: (inout ProducerStateMachine, _ last: UInt64) -> ProducerStateMachine.Action
    ) -> Work {
        guard let wasPaused = state.production?.machine.isPaused else { return .none }
        state.production?.pauseUnless(in: node.leases.term, retention: node.configuration.retention)
        let action = state.production?.tell(event, last: state.content.text.last) ?? .none
        state.followReopening()
        if wasPaused, state.production?.machine.isPaused == false { state.viewers.signal() }
        state.production?.tellLogged()
        if state.production?.showsLogged() == true { state.viewers.signal() }
        return work(for: action, in: &state)
    }

    private func work(for action: ProducerStateMachine.Action, in state: inout State) -> Work {
        guard let epoch = state.production?.machine.epoch else { return .none }
        switch action {
        case .none:
            return .none
        case .appendText(let seq):
            guard
                let entry = state.content.text.entry(
                    after: seq, limit: node.configuration.maximumAppendBytes, epoch: epoch,
                    timed: state.content.timed)
            else { return .none }
            state.production?.machine.appending(through: entry.last)
            return .append(
                LogAppend(
                    log: names.log, channel: nil, followers: state.production?.followers ?? [],
                    id: LogID(epoch: epoch, seq: entry.last), payload: entry.payload))
        case .appendEnd(let last):
            guard let end = state.production?.end else { return .none }
            let append = LogAppend(
                log: names.log, channel: names.channel, id: LogID(epoch: epoch, seq: end.chunks + 1),
                payload: StreamEntry.end(epoch: epoch, end).payload, timeToLive: node.configuration.retention)
            return .appendEnd(append, after: last)
        case .readLogEnd:
            state.production?.beginsReading(in: node.leases.term)
            return .readLogEnd
        case .reopen(let epoch, let last):
            let opening = StreamEntry.Opening(
                epoch: epoch, textEpoch: state.content.textEpoch, node: node.id,
                isFed: state.production?.isFed ?? false)
            return .reopen(
                .opening(opening, names: names, configuration: node.configuration), after: last,
                meta: state.production?.meta ?? ByteBuffer())
        case .publishAgain(let after, let through):
            guard let entry = state.content.text.entry(after: after, limit: .max, epoch: epoch, through: through)
            else { return .none }
            return .publish(entry.payload, goOn: true)
        case .publishEndAgain:
            guard let end = state.production?.end else { return .none }
            return .publish(StreamEntry.end(epoch: epoch, end).payload, goOn: false)
        case .retryLater:
            return .retryLater
        case .ended:
            return .ended
        case .fenced:
            let waiters = takeWaiters(&state)
            let interrupt = state.production?.onInterrupt
            // What the log does not have may not be shown any more; viewers that have more keep it.
            state.content = StreamContent(after: .start)
            state.production = nil
            state.feed = FeedStateMachine()
            state.isSubscribing = true
            return .follow(interrupt: interrupt, waiters: waiters)
        }
    }

    /// Those that wait for the end. Who waits for room goes on.
    func takeWaiters(_ state: inout State) -> [CheckedContinuation<StreamEnd?, Never>] {
        state.production?.roomWaiter?.resume()
        state.production?.roomWaiter = nil
        defer { state.production?.endWaiters = [] }
        return state.production?.endWaiters ?? []
    }

    func perform(_ work: Work) {
        switch work {
        case .none:
            return
        case .append(let append):
            node.backplane.append(append) { self.answered($0) }
        case .appendEnd(let append, let last):
            Task { answered(await result(of: append, ifLastIs: last)) }
        case .reopen(let append, let last, let meta):
            Task {
                _ = try? await node.backplane.set(
                    names.meta, to: meta, timeToLive: node.configuration.liveTimeToLive, onlyIfAbsent: true)
                answered(await result(of: append, ifLastIs: last))
            }
        case .readLogEnd:
            Task { await readLogEnd() }
        case .publish(let payload, let goOn):
            node.backplane.publish(payload, to: names.channel) { _ in }
            if goOn {
                perform(state.withLock { state in self.work(in: &state) { $0.next(last: $1) } })
            } else {
                ended()
            }
        case .retryLater:
            retryLater()
        case .follow(let interrupt, let waiters):
            follow()
            interrupt?()
            for waiter in waiters { waiter.resume(returning: nil) }
        case .ended:
            ended()
        }
    }

    /// Ends and changes of epoch are written only where nobody else has written: the message of a plain append goes out
    /// even where the log refuses it.
    private func result(
        of append: LogAppend, ifLastIs last: LogID?
    ) async -> Result<LogAppendOutcome, BackplaneError> {
        do {
            let isWritten = try await node.backplane.append(append, ifLastIs: last)
            return .success(isWritten ? .accepted : .refused)
        } catch {
            return .failure(error as? BackplaneError ?? BackplaneError(.unavailable, "\(error)"))
        }
    }

    private func answered(_ answer: Result<LogAppendOutcome, BackplaneError>) {
        let work = state.withLock { state in
            if case .success(.accepted) = answer { state.production?.accepted() }
            let work = self.work(in: &state) { $0.answered(answer, last: $1) }
            if state.production?.roomWaiter != nil, !state.mustWait(for: node.configuration) {
                state.production?.roomWaiter?.resume()
                state.production?.roomWaiter = nil
            }
            return work
        }
        perform(work)
    }

    private func readLogEnd() async {
        let last: LogEntry?
        do {
            last = try await node.backplane.lastEntry(of: names.log)
        } catch {
            let unreadable = error as? BackplaneError ?? BackplaneError(.unavailable, "cancelled")
            return perform(
                state.withLock { state in
                    self.work(in: &state) { machine, _ in machine.logUnreadable(unreadable) }
                })
        }
        let entry = last.flatMap { StreamEntry(payload: $0.payload) }
        var isEnd = false
        var isOwnOpening = false
        switch entry {
        case .end: isEnd = true
        case .open(let opening): isOwnOpening = opening.node == node.id
        case .chunks, .retraction, nil: break
        }
        perform(
            state.withLock { state in
                let isLeaseHeld = state.production?.hasRead(in: node.leases.term) ?? false
                return self.work(in: &state) { machine, seq in
                    machine.logEnds(
                        at: last?.id, isEnd: isEnd, isOwnOpening: isOwnOpening, isLeaseHeld: isLeaseHeld, last: seq)
                }
            })
    }

    /// While the backplane is away its next ready is waited for; a refusal is asked again after a moment.
    private func retryLater() {
        guard node.backplane.isReady else { return }
        Task {
            try? await Task.sleep(for: .milliseconds(250))
            perform(state.withLock { state in self.work(in: &state) { $0.retryTimePassed(last: $1) } })
        }
    }

    /// The end is in the log: viewers may see it.
    private func ended() {
        let (end, waiters, isFirst) = state.withLock { state in
            let isFirst = state.content.end == nil
            state.production?.ticks = 0
            if let end = state.production?.end { state.content.finish(end) }
            state.viewers.signal()
            return (state.content.end, takeWaiters(&state), isFirst)
        }
        for waiter in waiters { waiter.resume(returning: end) }
        guard isFirst else { return }
        let bytes = Int(end?.bytes ?? 0)
        for stream in node.registry.retain(self, bytes: bytes, limit: node.configuration.maximumRetainedBytes) {
            stream.letGoOfText()
        }
        node.backplane.expire([names.meta, names.stop], after: node.configuration.retention)
    }
}

extension LiveStream.State {
    /// A producer that wrote its text again goes on under its new epoch.
    fileprivate mutating func followReopening() {
        guard let epoch = production?.machine.epoch, epoch != content.epoch else { return }
        content.continues(under: epoch)
    }
}

extension LogAppend {
    /// The entry with which a producer takes a stream.
    static func opening(
        _ opening: StreamEntry.Opening, names: BackplaneNames.Stream, configuration: ChunkStreamsConfiguration
    ) -> LogAppend {
        LogAppend(
            log: names.log, channel: names.channel, id: LogID(epoch: opening.epoch, seq: 0),
            payload: StreamEntry.open(opening).payload, creates: true, timeToLive: configuration.liveTimeToLive)
    }
}
