import DequeModule

/// First in, first out, with room for one item in place.
///
/// Mostly one item at a time waits for a client: a source, or one message. A `Deque` for it is memory of its own, which is
/// cold whenever its connection's turn comes, and costs more than the rest of queueing it.
struct OutboxQueue: Sendable {
    private var head: Outbox.Item?
    /// What follows `head`; empty while there is none.
    private var rest = Deque<Outbox.Item>()

    var isEmpty: Bool { head == nil }

    var first: Outbox.Item? { head }

    /// Whether there is just one item.
    var hasOnlyOne: Bool { head != nil && rest.isEmpty }

    mutating func append(_ item: Outbox.Item) {
        if head == nil { head = item } else { rest.append(item) }
    }

    mutating func prepend(_ item: Outbox.Item) {
        if let head { rest.prepend(head) }
        head = item
    }

    mutating func popFirst() -> Outbox.Item? {
        guard let first = head else { return nil }
        head = rest.popFirst()
        return first
    }

    /// Moves everything to the end of another queue.
    mutating func move(to other: inout OutboxQueue) {
        guard !isEmpty else { return }
        if other.isEmpty {
            swap(&self, &other)
        } else {
            while let item = popFirst() { other.append(item) }
        }
    }

    /// Takes everything out.
    mutating func removeAll() -> OutboxQueue {
        defer { self = OutboxQueue() }
        return self
    }
}
