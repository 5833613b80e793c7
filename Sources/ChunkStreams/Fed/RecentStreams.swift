import DequeModule

/// Something about each of the streams that were noted last, of so many at most.
package struct RecentStreams<Value: Sendable>: Sendable {
    private let capacity: Int
    private var values: [ChunkStreamID: Value] = [:]
    private var order: Deque<ChunkStreamID> = []

    package init(capacity: Int) { self.capacity = capacity }

    package subscript(id: ChunkStreamID) -> Value? { values[id] }

    /// Notes a value, in place of the one that was noted for the stream.
    ///
    /// - Returns: Whether there was none.
    @discardableResult
    package mutating func note(_ value: Value, of id: ChunkStreamID) -> Bool {
        guard values.updateValue(value, forKey: id) == nil else { return false }
        order.append(id)
        if order.count > capacity, let oldest = order.popFirst() { values[oldest] = nil }
        return true
    }

    /// Forgets what was noted.
    package mutating func forget(_ id: ChunkStreamID) {
        guard values.removeValue(forKey: id) != nil else { return }
        order.removeAll { $0 == id }
    }
}
