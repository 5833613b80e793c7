import Crypto
import HubBackplane
import NIOCore
import Synchronization

/// Producing a stream on this node.
extension LiveStream {
    /// This node produces the stream from now on; viewers that followed it already stay where they are.
    ///
    /// - Parameter text: What there is of it already.
    /// - Returns: `false` where the stream was given up on this node meanwhile.
    func produce(_ opening: StreamEntry.Opening, _ production: Production, text: StreamText) -> Bool {
        let following = state.withLock { state -> Following? in
            guard !state.isClosed else { return nil }
            state.content = StreamContent(opening: opening, text: text)
            state.production = production
            state.feed = nil
            defer { state.following = Following() }
            return state.following
        }
        following?.cancel()
        return following != nil
    }

    /// Hands over text. Returns whether so much waits for the log that the producer has to wait, too.
    func append(_ text: ByteBuffer) throws(ChunkProducerError) -> Bool {
        let (work, mustWait) = try state.withLock { take(text, in: &$0) }.get()
        perform(work)
        return mustWait
    }

    func take(_ text: ByteBuffer, in state: inout State) -> Result<(Work, Bool), ChunkProducerError> {
        guard state.production?.machine.isOpen == true, state.production?.isStopped == false else {
            return .failure(.interrupted)
        }
        guard state.content.text.byteCount + text.readableBytes <= node.configuration.maximumTextBytes else {
            return .failure(.tooLong)
        }
        var rest = text
        let last = state.content.text.last
        while let chunk = rest.readChunk(limit: node.configuration.maximumAppendBytes) {
            state.content.text.append(chunk)
        }
        node.metrics.produced(chunks: Int(state.content.text.last - last))
        state.content.wasAppended(at: node.metrics.time.nowMicroseconds, after: last)
        state.viewers.signal()
        let work = self.work(in: &state) { $0.next(last: $1) }
        // Most texts are shorter than what may wait.
        let limit = state.production?.maximumWaitingBytes(node.configuration) ?? 0
        return .success((work, state.content.text.byteCount > limit && state.waitingBytes > limit))
    }

    /// Waits until the log has taken enough, or until it makes no sense to wait.
    func waitForRoom() async {
        await withCheckedContinuation { continuation in
            let mustWait = state.withLock { state in
                guard state.production?.machine.isOpen == true, state.production?.isStopped == false,
                    state.mustWait(for: node.configuration)
                else { return false }
                state.production?.roomWaiter = continuation
                return true
            }
            if !mustWait { continuation.resume() }
        }
    }

    /// Ends the text and waits until the log has the end; `nil` where another one has ended or taken the stream, or where
    /// that was given up.
    func finish(_ finish: StreamFinish, usage: StreamUsage?) async -> StreamEnd? {
        await withCheckedContinuation { continuation in
            let work = state.withLock { state -> Work? in
                guard state.production != nil else { return nil }
                state.production?.endWaiters.append(continuation)
                return endText(finish, usage: usage, in: &state)
            }
            if let work { perform(work) } else { continuation.resume(returning: nil) }
        }
    }

    /// Nobody waits any longer for what the log does not take.
    func giveUpWaiting() {
        for waiter in state.withLock({ takeWaiters(&$0) }) { waiter.resume(returning: nil) }
    }

    /// Nobody will write or end the stream any more.
    func abandon() {
        let work = state.withLock { state -> Work in
            guard state.production?.machine.isOpen == true else { return .none }
            return endText(.failed(.producerLost), usage: nil, in: &state)
        }
        perform(work)
    }

    /// The owner stops the stream: the text is over at once, and the end says so.
    ///
    /// - Parameter epoch: The epoch that was to be stopped; a later one goes on.
    /// - Returns: Whether there was something to stop.
    @discardableResult
    func stop(epoch: UInt64) -> Bool {
        let (work, interrupt) = state.withLock { state -> (Work, (@Sendable () -> Void)?) in
            guard let production = state.production, production.machine.isOpen, production.machine.epoch <= epoch
            else { return (.none, nil) }
            state.production?.isStopped = true
            let work = endText(.stopped, usage: nil, in: &state)
            defer { state.production?.onInterrupt = nil }
            return (work, production.onInterrupt)
        }
        perform(work)
        interrupt?()
        return interrupt != nil || state.withLock { $0.production?.isStopped == true }
    }

    /// The backplane is ready again, the lease is held again, or somebody misses something.
    func compareWithLog() {
        perform(state.withLock { state in self.work(in: &state) { $0.compareWithLog(last: $1) } })
    }

    /// A new term of the lease has begun: the stream goes on when the log shows that nobody has taken it.
    func compareInNewTerm() {
        let work = state.withLock { state -> Work in
            guard state.production?.machine.hasEnded == false else { return .none }
            return self.work(in: &state) { machine, last in
                machine.isPaused ? machine.compareWithLog(last: last) : .none
            }
        }
        perform(work)
    }

    /// A reader found that the log lacks something: written again where that is so.
    func isMissing(_ hole: LogHole) {
        guard state.withLock({ $0.production?.machine.epoch == hole.epoch }) else { return }
        Task {
            let place = LogID(epoch: hole.epoch, seq: hole.after)
            guard let page = try? await node.backplane.read(names.log, after: place) else { return }
            let next: UInt64? =
                switch page.streamEntries.first {
                case .chunks(let chunks): chunks.first
                case .retraction(_, let retraction): retraction.seq
                case .open, .end, nil: nil
                }
            guard let next, next > hole.after + 1 else { return }
            let work = state.withLock { state -> Work in
                guard state.production?.machine.epoch == hole.epoch else { return .none }
                return self.work(in: &state) { $0.logHasHole(last: $1) }
            }
            perform(work)
        }
    }

    /// Whether this node produces the stream. Who asks has heard nothing for long, so the log is looked at, too.
    func isProduced() -> Bool {
        guard state.withLock({ $0.production != nil }) else { return false }
        compareWithLog()
        return true
    }

    private func endText(_ finish: StreamFinish, usage: StreamUsage?, in state: inout State) -> Work {
        guard state.production?.machine.isOpen == true else {
            return state.production?.machine.hasEnded == true ? .ended : .none
        }
        let text = state.content.text
        var hash = SHA256()
        text.all.withUnsafeReadableBytes { hash.update(bufferPointer: $0) }
        state.production?.end = StreamEnd(
            finish: finish, chunks: text.last, bytes: UInt64(text.byteCount), sha256: Array(hash.finalize()),
            usage: usage)
        return self.work(in: &state) { $0.end(last: $1) }
    }
}

extension LiveStream.State {
    /// Whether viewers have to wait for what is here: it may not be shown before the log was looked at. An end stands.
    mutating func isPaused(in term: @autoclosure () -> UInt64?, retention: Duration) -> Bool {
        guard production != nil, content.end == nil else { return false }
        production?.pauseUnless(in: term(), retention: retention)
        return production?.machine.isPaused ?? false
    }

    /// Whether a producer that waits still has to.
    func mustWait(for configuration: ChunkStreamsConfiguration) -> Bool {
        waitingBytes > (production?.maximumWaitingBytes(configuration) ?? 0) / 2
    }

    /// How many bytes of text the log has not accepted.
    var waitingBytes: Int {
        guard let acknowledged = production?.machine.acknowledged else { return 0 }
        return content.text.byteCount(after: acknowledged)
    }
}

extension ByteBuffer {
    /// The next chunk of at most `limit` bytes, ending on a Unicode scalar.
    fileprivate mutating func readChunk(limit: Int) -> ByteBuffer? {
        guard readableBytes > limit else { return readableBytes > 0 ? readSlice(length: readableBytes) : nil }
        var length = limit
        while length > 1, let byte: UInt8 = getInteger(at: readerIndex + length), byte & 0xC0 == 0x80 { length -= 1 }
        return readSlice(length: length)
    }
}
