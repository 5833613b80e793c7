import CoreMetrics
import Synchronization

enum PrometheusKind: String, Sendable, CustomStringConvertible {
    case counter, gauge, histogram

    var description: String { rawValue }
}

protocol PrometheusMetric: AnyObject, Sendable {
    /// Writes the metric's lines.
    ///
    /// - Parameter labels: `NAME="VALUE",…`, or nothing.
    func write(name: String, labels: String, to text: inout String)
}

final class PrometheusCounter: CounterHandler, PrometheusMetric {
    private let count = Atomic<Int64>(0)

    func increment(by amount: Int64) {
        // What has been counted is not taken back.
        if amount > 0 { count.wrappingAdd(amount, ordering: .relaxed) }
    }

    func reset() { count.store(0, ordering: .relaxed) }

    func write(name: String, labels: String, to text: inout String) {
        text.writeSample(name, labels, "\(count.load(ordering: .relaxed))")
    }
}

final class PrometheusFloatingPointCounter: FloatingPointCounterHandler, PrometheusMetric {
    private let sum = Mutex(0.0)

    func increment(by amount: Double) {
        if amount > 0 { sum.withLock { $0 += amount } }
    }

    func reset() { sum.withLock { $0 = 0 } }

    func write(name: String, labels: String, to text: inout String) {
        text.writeSample(name, labels, PrometheusText.number(sum.withLock { $0 }))
    }
}

final class PrometheusGauge: MeterHandler, RecorderHandler, PrometheusMetric {
    private let value = Mutex(0.0)

    func set(_ value: Int64) { set(Double(value)) }
    func set(_ value: Double) { self.value.withLock { $0 = value } }
    func increment(by amount: Double) { value.withLock { $0 += amount } }
    func decrement(by amount: Double) { value.withLock { $0 -= amount } }
    func record(_ value: Int64) { set(Double(value)) }
    func record(_ value: Double) { set(value) }

    func write(name: String, labels: String, to text: inout String) {
        text.writeSample(name, labels, PrometheusText.number(value.withLock { $0 }))
    }
}

final class PrometheusHistogram: TimerHandler, RecorderHandler, PrometheusMetric {
    private struct State {
        /// How many values are in each bucket alone; the last one has no bound.
        var counts: [UInt64]
        var sum = 0.0
    }

    private let buckets: [Double]
    private let state: Mutex<State>

    init(buckets: [Double]) {
        self.buckets = buckets
        state = Mutex(State(counts: Array(repeating: 0, count: buckets.count + 1)))
    }

    func recordNanoseconds(_ duration: Int64) { record(Double(duration) / 1e9) }

    func record(_ value: Int64) { record(Double(value)) }

    func record(_ value: Double) {
        guard value.isFinite else { return }
        let index = buckets.firstIndex { value <= $0 } ?? buckets.count
        state.withLock { state in
            state.counts[index] += 1
            state.sum += value
        }
    }

    func write(name: String, labels: String, to text: inout String) {
        let (counts, sum) = state.withLock { ($0.counts, $0.sum) }
        let separator = labels.isEmpty ? "" : ","
        var count: UInt64 = 0
        for (bound, inBucket) in zip(buckets + [.infinity], counts) {
            count += inBucket
            let bound = "\(labels)\(separator)le=\"\(PrometheusText.number(bound))\""
            text.writeSample("\(name)_bucket", bound, "\(count)")
        }
        text.writeSample("\(name)_sum", labels, PrometheusText.number(sum))
        text.writeSample("\(name)_count", labels, "\(count)")
    }
}

extension String {
    fileprivate mutating func writeSample(_ name: String, _ labels: String, _ value: String) {
        self += labels.isEmpty ? "\(name) \(value)\n" : "\(name){\(labels)} \(value)\n"
    }
}
