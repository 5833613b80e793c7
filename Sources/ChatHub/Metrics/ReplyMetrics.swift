import ChunkStreams
import CoreMetrics
import NIOCore

/// What askers see of replies, counted on the nodes where they are connected.
///
/// Made with the chat hub, so the application's metrics backend has to be there by then.
struct ReplyMetrics: Sendable {
    let firstChunk = CoreMetrics.Timer(label: "hubbub_time_to_first_chunk_seconds")
    private let stop = CoreMetrics.Timer(label: "hubbub_stop_duration_seconds")
    private let resumes: [ResumeResult.Status: Counter]
    private let stops: [StopResult.Status: Counter]
    private let replies: [String: Counter]

    init() {
        let finishes = [StreamFinish.completed, .stopped, .filtered].map(\.word) + ["failed", "disconnected"]
        replies = Dictionary(
            uniqueKeysWithValues: finishes.map {
                ($0, Counter(label: "hubbub_replies_total", dimensions: [("finish", $0)]))
            }
        )
        resumes = Self.counters("hubbub_resumes_total")
        stops = Self.counters("hubbub_stops_total")
    }

    /// A reply has ended for whoever asked.
    func ended(_ finish: String) { replies[finish]?.increment() }

    func resumed(_ status: ResumeResult.Status) { resumes[status]?.increment() }

    /// A stop was answered.
    func stopped(_ status: StopResult.Status, since begin: ContinuousClock.Instant) {
        stops[status]?.increment()
        if status == .stopped { stop.recordNanoseconds(TimeAmount(.now - begin).nanoseconds) }
    }

    private static func counters<Status: CaseIterable & RawRepresentable<String> & Hashable>(
        _ label: String
    ) -> [Status: Counter] {
        let counters = Status.allCases.map { status in
            (status, Counter(label: label, dimensions: [("outcome", status.rawValue)]))
        }
        return Dictionary(uniqueKeysWithValues: counters)
    }
}
