import NIOConcurrencyHelpers

/// Calls something in an interval, for as long as there is something to do.
final class RelayTicker: Sendable {
    private let interval: Duration
    private let isRunning = NIOLockedValueBox(false)

    init(interval: Duration) { self.interval = interval }

    /// Starts to call, where that is not done already.
    ///
    /// - Parameter tick: Returns whether there is something left to do. Where there is not, whoever finds something to do
    ///   afterwards calls this again.
    func start(_ tick: @escaping @Sendable () -> Bool) {
        let starts = isRunning.withLockedValue { isRunning in
            defer { isRunning = true }
            return !isRunning
        }
        guard starts else { return }
        Task {
            while true {
                try? await Task.sleep(for: interval)
                if tick() { continue }
                isRunning.withLockedValue { $0 = false }
                // What came between the two lines above has not started it.
                if tick() { start(tick) }
                return
            }
        }
    }
}
