#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// The backplane's clock, read once and carried on by a clock that nobody sets.
struct ClusterClock: Sendable {
    let milliseconds: Int64
    let instant: ContinuousClock.Instant

    /// Milliseconds since 1970.
    var now: Int64 { milliseconds + (ContinuousClock.now - instant).milliseconds }

    /// This node's own clock, until the backplane's was read.
    static func local() -> ClusterClock {
        ClusterClock(milliseconds: Int64(Date().timeIntervalSince1970 * 1000), instant: .now)
    }
}

extension Duration {
    var milliseconds: Int64 {
        let (seconds, attoseconds) = components
        return seconds * 1000 + attoseconds / 1_000_000_000_000_000
    }
}
