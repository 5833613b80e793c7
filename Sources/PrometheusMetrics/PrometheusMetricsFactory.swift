public import CoreMetrics
import Synchronization

/// A backend of swift-metrics that tells what it has in Prometheus' text format, version 0.0.4.
///
/// ```swift
/// let prometheus = PrometheusMetricsFactory()
/// MetricsSystem.bootstrap(prometheus)
/// router.get("/metrics") { _, _ in prometheus.text() }
/// ```
///
/// Whoever asks for the same label and dimensions gets the same metric. Timers are histograms in seconds, counters end in
/// `_total`. A label that is used for metrics of two kinds is told for the first kind only, and of one label at most
/// ``maximumSeries`` are: others count for nobody, since each takes memory here and in Prometheus for ever.
public final class PrometheusMetricsFactory: MetricsFactory {
    /// How many metrics of one label are told that differ by their dimensions.
    public static let maximumSeries = 1000

    private let families: [String: PrometheusFamily]
    private let state = Mutex<[String: Collection]>([:])

    /// Creates a backend without metrics.
    ///
    /// - Parameter families: What is known of labels that will be used.
    public init(families: [PrometheusFamily] = []) {
        self.families = Dictionary(families.map { ($0.label, $0) }) { first, _ in first }
    }

    /// All metrics as Prometheus reads them (`text/plain; version=0.0.4`), sorted by name.
    public func text() -> String {
        let collections = state.withLock { Array($0.values) }.sorted { $0.name < $1.name }
        var text = ""
        for collection in collections { collection.write(to: &text) }
        return text
    }

    // MARK: MetricsFactory

    public func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        metric(label, dimensions, .counter) { _ in PrometheusCounter() }
    }

    public func makeFloatingPointCounter(
        label: String, dimensions: [(String, String)]
    ) -> any FloatingPointCounterHandler {
        metric(label, dimensions, .counter) { _ in PrometheusFloatingPointCounter() }
    }

    public func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        metric(label, dimensions, .gauge) { _ in PrometheusGauge() }
    }

    public func makeRecorder(
        label: String, dimensions: [(String, String)], aggregate: Bool
    ) -> any RecorderHandler {
        if !aggregate { return metric(label, dimensions, .gauge) { _ in PrometheusGauge() } }
        return metric(label, dimensions, .histogram) { PrometheusHistogram(buckets: $0) }
    }

    public func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        metric(label, dimensions, .histogram) { PrometheusHistogram(buckets: $0) }
    }

    // Prometheus takes a metric that has gone and come back for one that was set back.
    public func destroyCounter(_ handler: any CounterHandler) {}
    public func destroyFloatingPointCounter(_ handler: any FloatingPointCounterHandler) {}
    public func destroyMeter(_ handler: any MeterHandler) {}
    public func destroyRecorder(_ handler: any RecorderHandler) {}
    public func destroyTimer(_ handler: any TimerHandler) {}

    private func metric<Metric: PrometheusMetric>(
        _ label: String, _ dimensions: [(String, String)], _ kind: PrometheusKind,
        _ make: (_ buckets: [Double]) -> Metric
    ) -> Metric {
        let family = families[label]
        let name = PrometheusText.name(family?.name ?? label, of: kind)
        let labels = PrometheusText.labels(dimensions)
        return state.withLock { collections in
            var collection = collections[name] ?? Collection(name: name, kind: kind, help: family?.help)
            if let known = collection.metrics[labels] as? Metric { return known }
            let new = make(family?.buckets ?? PrometheusFamily.seconds)
            guard collection.kind == kind, collection.metrics[labels] == nil,
                collection.metrics.count < Self.maximumSeries
            else { return new }
            collection.metrics[labels] = new
            collections[name] = collection
            return new
        }
    }

    /// The metrics of one name.
    private struct Collection {
        let name: String
        let kind: PrometheusKind
        let help: String?
        /// By their labels, as they are told.
        var metrics: [String: any PrometheusMetric] = [:]

        func write(to text: inout String) {
            if let help { text += "# HELP \(name) \(PrometheusText.help(help))\n" }
            text += "# TYPE \(name) \(kind)\n"
            for (labels, metric) in metrics.sorted(by: { $0.key < $1.key }) {
                metric.write(name: name, labels: labels, to: &text)
            }
        }
    }
}
