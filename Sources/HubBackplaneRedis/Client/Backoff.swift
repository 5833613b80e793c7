/// How long to wait before the next attempt to connect: twice as long each time, with jitter, so that the nodes of a
/// cluster do not come back all at once.
struct Backoff {
    static let shortest = Duration.milliseconds(50)
    static let longest = Duration.seconds(5)

    private let longest: Duration
    private var ceiling = shortest

    init(longest: Duration = longest) { self.longest = longest }

    /// - Parameter fraction: A random number from 0 to 1.
    mutating func next(fraction: Double = .random(in: 0...1)) -> Duration {
        defer { ceiling = min(ceiling * 2, longest) }
        return ceiling * (0.5 + fraction / 2)
    }

    mutating func reset() { ceiling = Self.shortest }
}
