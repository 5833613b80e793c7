import NIOConcurrencyHelpers

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// The backplane's clock, read once and carried on by a clock that nobody sets: deadlines that one node sets and another
/// one keeps are of this time, since the nodes' own clocks may differ.
package final class ClusterTime: Sendable {
    private struct Reading {
        let milliseconds: Int64
        let instant: ContinuousClock.Instant
    }

    private let backplane: any Backplane
    /// This node's own clock, until the backplane's was read.
    private let reading = NIOLockedValueBox(
        Reading(milliseconds: Int64(Date().timeIntervalSince1970 * 1000), instant: .now))

    package init(backplane: any Backplane) { self.backplane = backplane }

    /// Milliseconds since 1970.
    package var now: Int64 {
        let reading = reading.withLockedValue { $0 }
        return reading.milliseconds + (ContinuousClock.now - reading.instant).milliseconds
    }

    /// Microseconds since 1970, though the backplane's clock was read to a millisecond only.
    package var nowMicroseconds: Int64 {
        let reading = reading.withLockedValue { $0 }
        let (seconds, attoseconds) = (ContinuousClock.now - reading.instant).components
        return reading.milliseconds * 1000 + seconds * 1_000_000 + attoseconds / 1_000_000_000_000
    }

    /// Reads the backplane's clock.
    package func read() async throws {
        let milliseconds = try await backplane.time()
        reading.withLockedValue { $0 = Reading(milliseconds: milliseconds, instant: .now) }
    }
}

extension Duration {
    /// Whole milliseconds.
    package var milliseconds: Int64 {
        let (seconds, attoseconds) = components
        let (whole, isOver) = seconds.multipliedReportingOverflow(by: 1000)
        let (sum, isOverToo) = whole.addingReportingOverflow(attoseconds / 1_000_000_000_000_000)
        return isOver || isOverToo ? (seconds < 0 ? .min : .max) : sum
    }
}
