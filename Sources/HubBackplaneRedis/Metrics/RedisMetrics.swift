import CoreMetrics
import NIOCore

/// How Redis serves this node.
///
/// Made with the backplane, so the application's metrics backend has to be there by then.
struct RedisMetrics: Sendable {
    private let reconnects: [RedisLink.Role: Counter]
    private let durations: [RedisLink.Role: CoreMetrics.Timer]
    private let lag = CoreMetrics.Timer(label: "hubbub_backplane_lag_seconds")

    init() {
        func dimensions(_ role: RedisLink.Role) -> [(String, String)] { [("connection", role.rawValue)] }
        let roles = RedisLink.Role.allCases
        reconnects = Dictionary(
            uniqueKeysWithValues: roles.map { role in
                (role, Counter(label: "hubbub_backplane_reconnects_total", dimensions: dimensions(role)))
            })
        // Those that wait for messages and for asks have no duration that says anything.
        durations = Dictionary(
            uniqueKeysWithValues: [RedisLink.Role.commands, .reads, .leases].map { role in
                (role, CoreMetrics.Timer(label: "hubbub_redis_command_duration_seconds", dimensions: dimensions(role)))
            })
    }

    /// A connection that was lost is there again.
    func reconnected(_ role: RedisLink.Role) { reconnects[role]?.increment() }

    /// Times commands: of those that are answered in one read the first.
    func timer(of role: RedisLink.Role) -> CoreMetrics.Timer? { durations[role] }

    /// A canary has come back, published a time ago.
    func heardCanary(after time: TimeAmount) { lag.recordNanoseconds(time.nanoseconds) }
}
