import CoreMetrics

/// Counts the invocations of a hub's methods.
struct InvocationMetrics: Sendable {
    enum Outcome: String, CaseIterable { case completed, failed, canceled }

    /// By the method's name and the outcome. Methods that the hub does not have are not counted: clients make their names up.
    private let counters: [String: [Outcome: Counter]]

    init(hub: String, methods: some Sequence<HubMethod>) {
        var counters: [String: [Outcome: Counter]] = [:]
        for method in methods {
            for outcome in Outcome.allCases {
                counters[method.name, default: [:]][outcome] = Counter(
                    label: "hubbub_invocations_total",
                    dimensions: [("hub", hub), ("method", method.name), ("outcome", outcome.rawValue)])
            }
        }
        self.counters = counters
    }

    func ended(_ method: String, _ outcome: Outcome) { counters[method]?[outcome]?.increment() }
}
