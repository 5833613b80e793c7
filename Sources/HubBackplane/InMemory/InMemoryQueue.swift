import DequeModule

/// A queue in memory: items wait, are taken by a consumer, and stay pending under its name until acknowledged.
///
/// Waiting readers are served in the order in which they began to wait, as Redis serves blocked XREADGROUPs.
struct InMemoryQueue {
    typealias Answer = CheckedContinuation<[QueueItem], any Error>

    private struct Reader {
        let id: UInt64
        let consumer: String
        let answer: Answer
    }

    private var items: Deque<QueueItem> = []
    private var taken: [String: [QueueItem]] = [:]
    private(set) var consumers: Set<String> = []
    private var readers: Deque<Reader> = []

    /// Adds an item.
    ///
    /// - Returns: The reader that waited longest and now has to be given the item.
    mutating func add(_ item: QueueItem) -> Answer? {
        guard let reader = readers.popFirst() else {
            items.append(item)
            return nil
        }
        taken[reader.consumer, default: []].append(item)
        return reader.answer
    }

    mutating func take(_ count: Int, consumer: String) -> [QueueItem] {
        consumers.insert(consumer)
        let batch = Array(items.prefix(count))
        items.removeFirst(batch.count)
        if !batch.isEmpty { taken[consumer, default: []] += batch }
        return batch
    }

    /// Lets a reader wait for the next item.
    mutating func wait(reader id: UInt64, consumer: String, answer: Answer) {
        readers.append(Reader(id: id, consumer: consumer, answer: answer))
    }

    /// Ends the waiting of a reader, `nil` when it has been answered already.
    mutating func endWait(reader id: UInt64) -> Answer? {
        guard let index = readers.firstIndex(where: { $0.id == id }) else { return nil }
        return readers.remove(at: index).answer
    }

    /// Moves pending items to another consumer; one that has none is forgotten.
    mutating func claim(_ count: Int, from lost: String, for consumer: String) -> [QueueItem] {
        let claimed = Array(pending(consumer: lost).prefix(count))
        guard !claimed.isEmpty else {
            consumers.remove(lost)
            return []
        }
        taken[lost]?.removeFirst(claimed.count)
        if taken[lost]?.isEmpty == true { taken[lost] = nil }
        taken[consumer, default: []] += claimed
        consumers.insert(consumer)
        return claimed
    }

    func pending(consumer: String) -> [QueueItem] { taken[consumer] ?? [] }

    mutating func acknowledge(_ ids: Set<QueueItem.ID>) {
        items.removeAll { ids.contains($0.id) }
        for consumer in taken.keys {
            taken[consumer]?.removeAll { ids.contains($0.id) }
            if taken[consumer]?.isEmpty == true { taken[consumer] = nil }
        }
    }
}
