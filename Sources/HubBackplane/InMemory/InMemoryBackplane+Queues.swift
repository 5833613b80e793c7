import NIOConcurrencyHelpers
public import NIOCore

extension InMemoryBackplane {
    public func enqueue(_ item: ByteBuffer, on queue: KeyName) async throws {
        let enqueuedAt = try await time()
        let (item, reader) = state.withLockedValue { state in
            let id = QueueItem.ID("\(enqueuedAt)-\(nextNumber())")
            let item = QueueItem(id: id, payload: item, enqueuedAt: enqueuedAt)
            return (item, state.queues[queue, default: InMemoryQueue()].add(item))
        }
        reader?.resume(returning: [item])
    }

    public func take(
        _ count: Int, from queue: KeyName, consumer: String, wait: Duration?
    ) async throws -> [QueueItem] {
        guard let wait else {
            return state.withLockedValue { $0.queues[queue]?.take(count, consumer: consumer) } ?? []
        }
        let reader = nextNumber()
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { answer in
                let items = state.withLockedValue { state in
                    let items = state.queues[queue, default: InMemoryQueue()].take(count, consumer: consumer)
                    if items.isEmpty {
                        state.queues[queue]?.wait(reader: reader, consumer: consumer, answer: answer)
                    }
                    return items
                }
                guard items.isEmpty else { return answer.resume(returning: items) }
                // A cancellation that came before the reader waited has found nothing to end.
                if Task.isCancelled { return endWait(of: reader, on: queue, with: .failure(CancellationError())) }
                Task { [self] in
                    try? await Task.sleep(for: wait)
                    endWait(of: reader, on: queue, with: .success([]))
                }
            }
        } onCancel: {
            endWait(of: reader, on: queue, with: .failure(CancellationError()))
        }
    }

    private func endWait(of reader: UInt64, on queue: KeyName, with result: Result<[QueueItem], any Error>) {
        state.withLockedValue { $0.queues[queue]?.endWait(reader: reader) }?.resume(with: result)
    }

    public func pending(on queue: KeyName, consumer: String) async throws -> [QueueItem] {
        state.withLockedValue { $0.queues[queue]?.pending(consumer: consumer) } ?? []
    }

    public func acknowledge(_ items: [QueueItem.ID], on queue: KeyName) async throws {
        state.withLockedValue { $0.queues[queue]?.acknowledge(Set(items)) }
    }

    public func consumers(of queue: KeyName) async throws -> Set<String> {
        state.withLockedValue { $0.queues[queue]?.consumers } ?? []
    }

    public func claim(
        _ count: Int, from lost: String, for consumer: String, on queue: KeyName
    ) async throws -> [QueueItem] {
        state.withLockedValue { $0.queues[queue]?.claim(count, from: lost, for: consumer) } ?? []
    }
}
