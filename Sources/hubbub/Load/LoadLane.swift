import NIOCore

/// The part of a load test that runs on one event loop: its connections, and what they measured.
///
/// Everything happens on that event loop, so that nothing is locked and no connection needs a task.
final class LoadLane {
    private static let connectsAtOnce = 64
    private static let pingInterval = TimeAmount.seconds(15)

    let eventLoop: any EventLoop
    let configuration: LoadConfiguration
    var figures = LoadFigures()

    /// Numbers of connections that were not begun yet, the next one last.
    private var waiting: [Int]
    private let connectsPerSecond: Double?
    private var connecting = 0
    private let firstConnect = NIODeadline.now()
    private var connectsBegun = 0
    private let allConnected: EventLoopPromise<Void>

    private var connections: [ChatConnection] = []
    private var asking = 0
    private var repliesBegun = 0
    private var askDeadline = NIODeadline.distantFuture
    private let allAnswered: EventLoopPromise<Void>
    private var pings: Scheduled<Void>?

    init(eventLoop: any EventLoop, connections: [Int], lanes: Int, configuration: LoadConfiguration) {
        self.eventLoop = eventLoop
        self.configuration = configuration
        waiting = connections.reversed()
        connectsPerSecond = configuration.connectRate.map { Double($0) / Double(lanes) }
        allConnected = eventLoop.makePromise()
        allAnswered = eventLoop.makePromise()
    }

    // MARK: Connecting

    /// Ends when every connection is open or has failed.
    func connect() -> EventLoopFuture<Void> {
        pingLater()
        connectMore()
        return allConnected.futureResult
    }

    private func pingLater() {
        pings = eventLoop.assumeIsolated().scheduleTask(in: Self.pingInterval) {
            for connection in self.connections { connection.ping() }
            self.pingLater()
        }
    }

    private func connectMore() {
        while connecting < Self.connectsAtOnce, let number = waiting.last {
            if let wait = waitForRate() {
                eventLoop.assumeIsolated().scheduleTask(in: wait) { self.connectMore() }
                return
            }
            waiting.removeLast()
            connecting += 1
            connectsBegun += 1
            begin(configuration.targets[number % configuration.targets.count])
        }
        if connecting == 0, waiting.isEmpty { allConnected.succeed() }
    }

    private func begin(_ target: LoadTarget) {
        let began = NIODeadline.now()
        let attempt = ConnectAttempt(target, lane: self)
        attempt.run().assumeIsolated().whenComplete { result in
            self.connecting -= 1
            switch result {
            case .success(let connection):
                self.connections.append(connection.value)
                self.figures.connected(after: .now() - began)
            case .failure(let error):
                self.figures.connectFailed((error as? LoadFailure)?.code ?? "connect")
            }
            self.connectMore()
        }
    }

    /// How long the next connect has to wait, so that no more are begun than were asked for.
    private func waitForRate() -> TimeAmount? {
        guard let connectsPerSecond else { return nil }
        let due = firstConnect + .nanoseconds(Int64(Double(connectsBegun) / connectsPerSecond * 1e9))
        let wait = due - .now()
        return wait > .zero ? max(wait, .milliseconds(1)) : nil
    }

    // MARK: Asking

    /// Ends when no connection asks any more.
    func ask() -> EventLoopFuture<Void> {
        let start = NIODeadline.now()
        if let duration = configuration.duration { askDeadline = start + TimeAmount(duration) }
        eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(configuration.timeout)) {
            for connection in self.connections { connection.giveUp("timeout") }
        }
        let connections = connections.filter(\.isOpen)
        asking = connections.count
        if asking == 0 { allAnswered.succeed() }
        for (index, connection) in connections.enumerated() {
            let ramp = configuration.ramp.map { TimeAmount($0).nanoseconds } ?? 0
            eventLoop.assumeIsolated().scheduleTask(
                deadline: start + .nanoseconds(ramp * Int64(index) / Int64(connections.count))
            ) { connection.beginAsking() }
        }
        return allAnswered.futureResult
    }

    func mayAsk(after asked: Int) -> Bool {
        asked < configuration.asks ?? .max && NIODeadline.now() < askDeadline
    }

    /// Whether the text of the reply that begins now is to be hashed.
    func hashesNext() -> Bool {
        defer { repliesBegun += 1 }
        return repliesBegun % configuration.hashEvery == 0
    }

    /// A connection will ask no more; said once by each that was told to begin.
    func finished() {
        asking -= 1
        if asking == 0 { allAnswered.succeed() }
    }

    // MARK: Closing

    func close() -> LoadFigures {
        pings?.cancel()
        for connection in connections { connection.close() }
        connections = []
        return figures
    }
}
