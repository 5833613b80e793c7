import CoreMetrics

/// Why a client is to come again later (429 and 503). The raw values are in the application's metrics.
package enum RefusalReason: String, Sendable, CaseIterable {
    case connections
    case connectionsPerAddress = "connections_per_address"
    case negotiateRate = "negotiate_rate"
    case negotiateRatePerAddress = "negotiate_rate_per_address"
    case connectRate = "connect_rate"
    case connectRatePerAddress = "connect_rate_per_address"
    /// Too many sends wait for one connection.
    case tooManySends = "too_many_sends"
    case shuttingDown = "shutting_down"
    /// The backplane, or the node that holds a connection, does not answer.
    case unavailable
    case authenticationUnavailable = "authentication_unavailable"

    /// Whether it is one client that asks too much, and not the node that takes nothing now.
    var isOfClient: Bool {
        switch self {
        case .connectionsPerAddress, .negotiateRatePerAddress, .connectRatePerAddress, .tooManySends: true
        case .connections, .negotiateRate, .connectRate, .shuttingDown, .unavailable, .authenticationUnavailable: false
        }
    }
}

/// Counts the requests of clients that were refused for now, as `hubbub_refusals_total` with their `reason`.
///
/// Made when hubs are, so the application's metrics backend has to be there by then.
package struct RefusalCounters: Sendable {
    private let counters: [RefusalReason: Counter]

    package init() {
        let counters = RefusalReason.allCases.map { reason in
            (reason, Counter(label: "hubbub_refusals_total", dimensions: [("reason", reason.rawValue)]))
        }
        self.counters = Dictionary(uniqueKeysWithValues: counters)
    }

    package func count(_ refusal: HubRefusal) {
        if let reason = refusal.reason { count(reason) }
    }

    func count(_ reason: RefusalReason) { counters[reason]?.increment() }
}
