import Foundation
import Histogram

/// What a load test found.
struct LoadReport: Encodable {
    struct Connections: Encodable {
        let opened: Int
        let perSecond: Double
        /// How many were lost, or cut, and made again, and how many replies went on over these.
        let reconnects, resumes: Int
    }

    struct Asks: Encodable {
        let begun: Int
        let completed: Int
        let perSecond: Double
    }

    struct Chunks: Encodable {
        let received: Int
        let perSecond: Double
        let missing: Int
        let duplicated: Int
        let outOfOrder: Int
        let foreign: Int
        /// Messages that carried them.
        let partials: Int
        let bytes: Int
    }

    struct Texts: Encodable {
        let checked: Int
        let hashed: Int
        let wrong: Int
    }

    struct Times: Encodable {
        let connect: Percentiles?
        /// From the handshake's request to its answer.
        let handshake: Percentiles?
        /// From a `POST` to its answer.
        let post: Percentiles?
        let firstChunk: Percentiles?
        /// From one text of a reply to the next.
        let interChunk: Percentiles?
        let ask: Percentiles?
        /// From a chunk's production to its arrival.
        let latency: Percentiles?
    }

    /// Of times in milliseconds.
    struct Percentiles: Encodable {
        let p50, p90, p99, p999, max: Double

        /// - Parameter histogram: Of microseconds.
        init?(_ histogram: Histogram<UInt64>) {
            guard histogram.totalCount > 0 else { return nil }
            func milliseconds(_ percentile: Double) -> Double {
                Double(histogram.valueAtPercentile(percentile)) / 1000
            }
            (p50, p90, p99, p999) = (milliseconds(50), milliseconds(90), milliseconds(99), milliseconds(99.9))
            max = Double(histogram.max) / 1000
        }
    }

    struct Process: Encodable {
        let residentBytesBefore: Int
        let phases: [ProcessUsage.Phase]
    }

    let connections: Connections
    let asks: Asks
    let chunks: Chunks
    let texts: Texts
    let milliseconds: Times
    let failures: [String: Int]
    /// In each phase.
    let requests: [String: RequestCounts]
    let processes: [String: Process]

    init(_ figures: LoadFigures, requests: [String: RequestCounts] = [:], usage: ProcessUsage) {
        connections = Connections(
            opened: figures.connections, perSecond: Self.rate(figures.connections, over: figures.connecting),
            reconnects: figures.reconnects, resumes: figures.resumes)
        asks = Asks(
            begun: figures.asks, completed: figures.completed,
            perSecond: Self.rate(figures.completed, over: figures.receiving))
        chunks = Chunks(
            received: figures.chunks, perSecond: Self.rate(figures.chunks, over: figures.receiving),
            missing: figures.missing, duplicated: figures.duplicated, outOfOrder: figures.outOfOrder,
            foreign: figures.foreign, partials: figures.partials, bytes: figures.bytes)
        texts = Texts(checked: figures.texts, hashed: figures.hashedTexts, wrong: figures.wrongTexts)
        milliseconds = Times(
            connect: Percentiles(figures.connect), handshake: Percentiles(figures.handshake),
            post: Percentiles(figures.post), firstChunk: Percentiles(figures.firstChunk),
            interChunk: Percentiles(figures.interChunk), ask: Percentiles(figures.ask),
            latency: Percentiles(figures.latency))
        failures = figures.failures
        self.requests = requests
        let before = usage.residentBytesBefore
        processes = Dictionary(
            uniqueKeysWithValues: usage.phases.map { name, phases in
                (name, Process(residentBytesBefore: before[name] ?? 0, phases: phases))
            })
    }

    /// What was lost, wrong or failed, in one line.
    var loss: String? {
        let failed = failures.values.reduce(0, +)
        let counts = [
            (failed, "failed"), (chunks.missing, "chunks missing"), (chunks.duplicated, "duplicated"),
            (chunks.outOfOrder, "out of order"), (chunks.foreign, "foreign messages"), (texts.wrong, "wrong texts"),
        ]
        let found = counts.filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }
        return found.isEmpty ? nil : found.joined(separator: ", ")
    }

    func json() throws -> String { try Self.json(of: self) }

    static func json(of value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted]
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }

    private static func rate(_ count: Int, over range: ClosedRange<UInt64>?) -> Double {
        guard let range, range.upperBound > range.lowerBound else { return 0 }
        return Double(count) / (Double(range.upperBound - range.lowerBound) / 1e9)
    }
}
