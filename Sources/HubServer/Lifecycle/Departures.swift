/// How many clients are sent away at a time, so that they do not come to the other nodes all at once: so many that they are
/// gone in three quarters of the time, but never fewer than other nodes take easily.
struct Departures {
    static let step = Duration.milliseconds(50)
    private static let leastPerSecond = 500

    let perStep: Int

    init(connections: Int, time: Duration) {
        let steps = max(1, time * 0.75 / Self.step)
        perStep = max(Self.leastPerSecond / 20, Int((Double(connections) / steps).rounded(.up)))
    }
}
