import Foundation

/// What a load test has to reach, such as `p99<20ms` or `lost=0`.
///
/// Times are `FIGURE.PERCENTILE`, as `firstChunk.p99`; a percentile alone is of `latency`. Counts are `lost`, `duplicated`,
/// `outOfOrder`, `wrong`, `failed`, `missing`, `completed` and `chunksPerSecond`.
struct LoadObjective: Sendable, Equatable {
    enum Comparison: String, CaseIterable, Sendable {
        case atMost = "<="
        case atLeast = ">="
        case below = "<"
        case above = ">"
        case equal = "="
    }

    private static let times = ["connect", "handshake", "post", "firstChunk", "interChunk", "ask", "latency"]
    private static let percentiles = ["p50", "p90", "p99", "p999", "max"]
    private static let counts = [
        "lost", "missing", "duplicated", "outOfOrder", "wrong", "failed", "completed", "chunksPerSecond",
    ]

    let text: String
    let figure: String
    let comparison: Comparison
    /// Milliseconds, or a count.
    let bound: Double

    /// - Throws: `UsageError`
    init(parsing text: some StringProtocol) throws {
        self.text = text.trimmingCharacters(in: .whitespaces)
        guard let found = Comparison.allCases.first(where: { text.contains($0.rawValue) }) else {
            throw UsageError("require: '\(text)' compares nothing: it takes <, <=, =, >= or >")
        }
        let parts = text.split(separator: found.rawValue, maxSplits: 1, omittingEmptySubsequences: false).map {
            $0.trimmingCharacters(in: .whitespaces)
        }
        let name = Self.percentiles.contains(parts[0]) ? "latency." + parts[0] : parts[0]
        let isTime = name.split(separator: ".").count == 2
        guard Self.counts.contains(name) || isTime && Self.isTime(name) else {
            throw UsageError(
                "require: '\(parts[0])' is no figure: there are \((Self.counts + Self.percentiles).joined(separator: ", "))"
                    + " and those of \(Self.times.joined(separator: ", "))")
        }
        guard let bound = isTime ? Self.milliseconds(parts[1]) : Double(parts[1]), bound >= 0 else {
            throw UsageError("require: '\(parts[1])' is no \(isTime ? "time, such as 20ms or 1.5s" : "number")")
        }
        (figure, comparison, self.bound) = (name, found, bound)
    }

    private static func isTime(_ name: String) -> Bool {
        let parts = name.split(separator: ".").map(String.init)
        return times.contains(parts[0]) && percentiles.contains(parts[1])
    }

    private static func milliseconds(_ text: String) -> Double? {
        for (unit, factor) in [("ms", 1.0), ("s", 1000.0)] where text.hasSuffix(unit) {
            return Double(text.dropLast(unit.count)).map { $0 * factor }
        }
        return nil
    }

    /// What was reached, where it is not what has to be.
    func missed(by report: LoadReport) -> String? {
        guard let value = report.value(of: figure) else { return "\(text): nothing was measured" }
        let isReached =
            switch comparison {
            case .atMost: value <= bound
            case .atLeast: value >= bound
            case .below: value < bound
            case .above: value > bound
            case .equal: value == bound
            }
        return isReached ? nil : "\(text): it is \(value.formatted())\(figure.contains(".") ? " ms" : "")"
    }
}

extension LoadReport {
    fileprivate func value(of figure: String) -> Double? {
        switch figure {
        case "lost": Double(chunks.missing + failures.values.reduce(0, +))
        case "missing": Double(chunks.missing)
        case "duplicated": Double(chunks.duplicated)
        case "outOfOrder": Double(chunks.outOfOrder)
        case "wrong": Double(texts.wrong)
        case "failed": Double(failures.values.reduce(0, +))
        case "completed": Double(asks.completed)
        case "chunksPerSecond": chunks.perSecond
        default: time(figure)
        }
    }

    private func time(_ figure: String) -> Double? {
        let parts = figure.split(separator: ".").map(String.init)
        let percentiles: Percentiles? =
            switch parts[0] {
            case "connect": milliseconds.connect
            case "handshake": milliseconds.handshake
            case "interChunk": milliseconds.interChunk
            case "post": milliseconds.post
            case "firstChunk": milliseconds.firstChunk
            case "ask": milliseconds.ask
            default: milliseconds.latency
            }
        return switch parts[1] {
        case "p50": percentiles?.p50
        case "p90": percentiles?.p90
        case "p99": percentiles?.p99
        case "p999": percentiles?.p999
        default: percentiles?.max
        }
    }
}
