/// What is told of the metrics of one name: a swift-metrics label has neither a description nor a unit.
public struct PrometheusFamily: Sendable {
    /// The label that libraries give their metrics.
    public var label: String
    /// The name in the text; nil makes it of the label.
    public var name: String?
    /// What is counted or measured, in one line.
    public var help: String
    /// The upper bounds of a histogram's buckets, ascending; empty where it has no histogram.
    public var buckets: [Double]

    /// Describes the metrics of a label.
    public init(_ label: String, name: String? = nil, help: String, buckets: [Double] = Self.seconds) {
        self.label = label
        self.name = name
        self.help = help
        self.buckets = buckets
    }

    /// Buckets for durations from 5 ms to 10 s, in seconds.
    public static let seconds: [Double] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
}
