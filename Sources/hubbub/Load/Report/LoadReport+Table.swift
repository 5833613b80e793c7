import Foundation

extension LoadReport {
    /// The report as a person reads it.
    var table: String {
        var lines = [
            "connections  \(connections.opened) opened, \(Int(connections.perSecond))/s",
            "asks         \(asks.begun) begun, \(asks.completed) completed, \(Self.number(asks.perSecond))/s",
            "chunks       \(chunks.received) received, \(Int(chunks.perSecond))/s, \(chunks.missing) missing, "
                + "\(chunks.duplicated) duplicated, \(chunks.outOfOrder) out of order, in \(chunks.partials) messages",
            "texts        \(texts.checked) checked, \(texts.hashed) hashed, \(texts.wrong) wrong",
        ]
        let requests = requests.values.reduce(into: RequestCounts()) { $0 += $1 }
        if requests.posts > 0 {
            lines.insert("requests     \(requests.posts) POSTs, \(requests.polls) polls", at: 1)
        }
        if connections.reconnects > 0 {
            lines.insert(
                "reconnects   \(connections.reconnects), \(connections.resumes) replies resumed", at: 1)
        }
        for (code, count) in failures.sorted(by: { $0.key < $1.key }) { lines.append("failed       \(count) \(code)") }
        lines += ["", Self.row("milliseconds", ["p50", "p90", "p99", "p99.9", "max"])]
        let times = [
            ("connect", milliseconds.connect), ("handshake", milliseconds.handshake), ("POST", milliseconds.post),
            ("first chunk", milliseconds.firstChunk), ("inter-chunk", milliseconds.interChunk),
            ("ask", milliseconds.ask), ("latency", milliseconds.latency),
        ]
        for case (let name, let times?) in times {
            lines.append(
                Self.row(name, [times.p50, times.p90, times.p99, times.p999, times.max].map { Self.number($0) }))
        }
        if !processes.isEmpty { lines += processLines }
        return lines.joined(separator: "\n")
    }

    private var processLines: [String] {
        var lines = ["", Self.row("process", ["phase", "CPU s", "µs/chunk", "MiB", "peak MiB"])]
        for (name, process) in processes.sorted(by: { $0.key < $1.key }) {
            for phase in process.phases {
                let perChunk =
                    phase.name == "asks" && chunks.received > 0
                    ? Self.number(phase.cpuSeconds * 1e6 / Double(chunks.received)) : "-"
                lines.append(
                    Self.row(
                        name,
                        [
                            phase.name, Self.number(phase.cpuSeconds), perChunk,
                            Self.number(Double(phase.residentBytes) / 1048576),
                            Self.number(Double(phase.peakResidentBytes) / 1048576),
                        ]))
            }
        }
        return lines
    }

    private static func row(_ name: String, _ columns: [String]) -> String {
        name.padding(toLength: 13, withPad: " ", startingAt: 0)
            + columns.map { String(repeating: " ", count: max(1, 10 - $0.count)) + $0 }.joined()
    }

    private static func number(_ value: Double) -> String { String(format: "%.2f", value) }
}
