import CoreMetrics

/// Counts the requests that arrived here for connections of other nodes.
struct RelayMetrics: Sendable {
    enum Outcome: String, CaseIterable {
        case answered, refused
        /// A poll that had nothing to tell.
        case timedOut = "timed_out"
        /// Its client left before the answer.
        case left
    }

    private let counters: [HomeRequest.Kind: [Outcome: Counter]]

    init() {
        var counters: [HomeRequest.Kind: [Outcome: Counter]] = [:]
        for kind in HomeRequest.Kind.allCases {
            for outcome in Outcome.allCases {
                counters[kind, default: [:]][outcome] = Counter(
                    label: "hubbub_relay_requests_total",
                    dimensions: [("kind", kind.rawValue), ("outcome", outcome.rawValue)])
            }
        }
        self.counters = counters
    }

    func ended(_ kind: HomeRequest.Kind, _ outcome: Outcome) { counters[kind]?[outcome]?.increment() }
}

extension HomeRequest {
    /// What a client has sent, as metrics call it.
    enum Kind: String, CaseIterable {
        case send, room, poll
        case serverSentEvents = "server_sent_events"
        case webSocket = "web_socket"
        case terminate
    }

    var kind: Kind {
        switch self {
        case .send: .send
        case .room: .room
        case .poll: .poll
        case .serverSentEvents: .serverSentEvents
        case .webSocket: .webSocket
        case .terminate: .terminate
        }
    }
}
