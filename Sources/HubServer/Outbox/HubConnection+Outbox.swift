package import NIOCore
import Synchronization

// MARK: From any thread

extension HubConnection {
    /// Puts a source into the outbox, see ``OutboxSource``.
    package func enqueue(_ source: any OutboxSource) { enqueue(.source(source)) }

    /// Puts framed hub messages into the outbox. Dropped where the connection has ended.
    package func enqueue(_ message: ByteBuffer) { enqueue(.message(message)) }

    private func enqueue(_ item: Outbox.Item) {
        let (enqueued, blocked) = outbox.withLock { ($0.enqueue(item), $0.takeBlockedBytes()) }
        countBlocked(bytes: blocked)
        switch enqueued {
        case .needsDrain:
            loop.drain.add(self)
        case .waiting:
            break
        case .ended:
            guard case .source(let source) = item else { return }
            loop.eventLoop.execute { source.connectionEnded() }
        case .overflow:
            loop.eventLoop.execute { self.cut(.tooSlow) }
        }
    }

    /// So many more bytes wait for a transport that takes no more, or so many less.
    func countBlocked(bytes: Int) {
        if bytes != 0 { endpoint.server.metrics.waiting(moreBytes: bytes) }
    }

    /// Returns when not too much waits for the client, when the connection has ended, or when the task is cancelled.
    func waitForRoom() async { await wait(for: .room) }

    /// Returns when the connection has ended, or the task is cancelled.
    func waitForEnd() async { await wait(for: .end) }

    private func wait(for awaited: Outbox.Awaited) async {
        guard !outbox.withLock({ $0.isThere(awaited) }) else { return }
        let ticket = Atomic<OutboxWaiters.ID>(0)
        await withTaskCancellationHandler {
            await withCheckedContinuation { waiter in
                let entered = outbox.withLock { outbox in
                    guard !outbox.isThere(awaited) else { return false }
                    ticket.store(outbox.addWaiter(waiter, for: awaited), ordering: .releasing)
                    return true
                }
                // The cancellation may have come before there was anyone to wake.
                if !entered {
                    waiter.resume()
                } else if Task.isCancelled {
                    stopWaiting(ticket.load(ordering: .acquiring))
                }
            }
        } onCancel: {
            stopWaiting(ticket.load(ordering: .acquiring))
        }
    }

    private func stopWaiting(_ id: OutboxWaiters.ID) {
        outbox.withLock { $0.removeWaiter(id) }?.resume()
    }
}

// MARK: On the event loop

extension HubConnection {
    /// How many bytes are joined to one transport message.
    private static let batchSize = 16 * 1024
    /// Free space in front of a joined message, for a transport to write its frame's header into.
    private static let headroom = 16

    /// The transport takes bytes again.
    package func transportBecameWritable() {
        state.timers.unblocked()
        replay()
        drainOutbox()
    }

    /// Writes what waits, as long as the transport takes it, and flushes once.
    func drainOutbox() {
        guard let transport = state.transport else { return }
        var hasWritten = false
        var messageBytes = 0
        var isDone = false
        while !isDone {
            outbox.withLock { $0.take(into: &state.pending) }
            while !state.pending.isEmpty, transport.isWritable {
                let batch = nextBatch(&messageBytes)
                guard batch.readableBytes > 0 else { continue }
                // Handed over, so that the transport may write its frame's header in front of it.
                transport.write(consume batch)
                hasWritten = true
            }
            let isBlocked = !state.pending.isEmpty
            let settled = outbox.withLock { $0.settle(wrote: messageBytes, isBlocked: isBlocked) }
            countBlocked(bytes: settled.blockedBytes)
            for waiter in settled.admitted { waiter.resume() }
            messageBytes = 0
            isDone = settled.isDone
        }
        if hasWritten {
            state.timers.sent(now: loop.now)
            transport.flush()
        }
        if !state.pending.isEmpty {
            if !transport.timesItsWrites, state.timers.blocked(now: loop.now) {
                loop.wake(self, at: state.timers.nextWake(limits: loop.limits))
            }
        } else if let close = state.transportClose {
            state.transportClose = nil
            transport.close(close)
        }
    }

    /// Joins what is pending to one transport message. A large message goes alone, uncopied: it may be shared with many
    /// other connections.
    private func nextBatch(_ messageBytes: inout Int) -> ByteBuffer {
        if case .message(let bytes)? = state.pending.first,
            state.pending.hasOnlyOne || bytes.readableBytes >= Self.batchSize
        {
            _ = state.pending.popFirst()
            messageBytes += bytes.readableBytes
            return bytes
        }
        var batch = ByteBufferAllocator().buffer(capacity: 512)
        batch.moveWriterIndex(to: Self.headroom)
        batch.moveReaderIndex(to: Self.headroom)
        while let item = state.pending.popFirst() {
            switch item {
            case .message(let bytes):
                guard batch.readableBytes == 0 || batch.readableBytes + bytes.readableBytes <= Self.batchSize else {
                    state.pending.prepend(item)
                    return batch
                }
                batch.writeImmutableBuffer(bytes)
                messageBytes += bytes.readableBytes
            case .source(let source):
                let hasMore = source.write(into: &batch, limit: Self.batchSize)
                // To the end of the line. One that has more but writes nothing would be asked for ever.
                guard hasMore, batch.readableBytes > 0 else { continue }
                state.pending.append(item)
                return batch
            }
        }
        return batch
    }
}
