import NIOConcurrencyHelpers

/// Values that come from any thread.
final class Collected<Value: Sendable>: Sendable {
    private let values = NIOLockedValueBox<[Value]>([])

    var all: [Value] { values.withLockedValue { $0 } }

    func append(_ value: Value) { values.withLockedValue { $0.append(value) } }
}
