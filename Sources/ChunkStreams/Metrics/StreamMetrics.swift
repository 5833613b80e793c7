import CoreMetrics
import HubBackplane

/// Counts the chunks of a node, and times some of them.
///
/// Made with the streams, so the application's metrics backend has to be there by then.
final class StreamMetrics: Sendable {
    let time: ClusterTime
    private let produced = Counter(label: "hubbub_chunks_produced_total")
    private let delivered = Counter(label: "hubbub_chunks_delivered_total")
    private let merged = Counter(label: "hubbub_chunks_merged_total")
    private let addedLatency = CoreMetrics.Timer(label: "hubbub_hub_added_latency_seconds")
    private let producerLost = Counter(label: "hubbub_producer_lost_total")

    init(backplane: any Backplane) {
        let time = ClusterTime(backplane: backplane)
        self.time = time
        backplane.observeState { state in
            if state == .ready { Task { try? await time.read() } }
        }
    }

    func produced(chunks: Int) { produced.increment(by: chunks) }

    /// A viewer was given chunks, as one text.
    func delivered(chunks: Int) {
        delivered.increment(by: chunks)
        if chunks > 1 { merged.increment(by: chunks - 1) }
    }

    /// A chunk that was appended at a time, by the backplane's clock, is given to a viewer for its transport.
    func delivered(appendedAt microseconds: Int64) {
        // Nodes read the backplane's clock to a millisecond.
        addedLatency.recordMicroseconds(max(0, time.nowMicroseconds - microseconds))
    }

    /// A stream was ended whose producer was lost.
    func lostProducer() { producerLost.increment() }
}

/// A chunk that is timed on its way to viewers.
struct TimedChunk: Sendable, Equatable {
    /// One chunk of so many is, the same ones on all nodes: those whose seq it divides.
    private static let interval: UInt64 = 8

    var seq: UInt64 = 0
    /// In microseconds of the backplane's clock.
    var appendedAt: Int64 = 0

    /// The last one of a range; nil where it has none.
    static func seq(after seq: UInt64, through last: UInt64) -> UInt64? {
        let timed = last / interval * interval
        return timed > seq ? timed : nil
    }
}
