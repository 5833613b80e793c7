import Synchronization

struct NeverHappened: Error {}

/// Waits until something is so.
func eventually(within limit: Duration = .seconds(20), _ condition: () async throws -> Bool) async throws {
    let end = ContinuousClock.now + limit
    while try await !condition() {
        guard ContinuousClock.now < end else { throw NeverHappened() }
        try await Task.sleep(for: .milliseconds(5))
    }
}

/// Collects what happens on other threads.
final class Record<Element: Sendable>: Sendable {
    private let elements = Mutex<[Element]>([])

    var all: [Element] { elements.withLock { $0 } }
    var count: Int { elements.withLock(\.count) }

    func append(_ element: Element) { elements.withLock { $0.append(element) } }

    /// Waits until there are as many, and returns them.
    func first(_ count: Int) async throws -> [Element] {
        try await eventually { self.count >= count }
        return Array(all.prefix(count))
    }
}
