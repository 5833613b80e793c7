import NIOCore

/// The part of a load test that runs on one event loop: its connections, and what they measured.
///
/// Everything happens on that event loop, so that nothing is locked and no connection needs a task.
final class LoadLane {
    private static let connectsAtOnce = 64
    private static let stopTime = TimeAmount.seconds(5)
    /// Clients do not all ping at the same moment: an interval has so many, at each of which a part of them does.
    private static let pingMoments = 20

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
    private var isStopped = false
    private var allAnswered: EventLoopPromise<Void>?
    private var pings: Scheduled<Void>?
    private var pingMoment = 0
    private var pools: [LoadTarget: HTTPClientPool] = [:]

    init(eventLoop: any EventLoop, connections: [Int], lanes: Int, configuration: LoadConfiguration) {
        self.eventLoop = eventLoop
        self.configuration = configuration
        waiting = connections.reversed()
        connectsPerSecond = configuration.connectRate.map { Double($0) / Double(lanes) }
        allConnected = eventLoop.makePromise()
    }

    // MARK: Connecting

    /// Ends when every connection is open or has failed.
    func connect() -> EventLoopFuture<Void> {
        pingLater()
        connectMore()
        return allConnected.futureResult
    }

    private func pingLater() {
        let pause = configuration.keepAliveInterval / Self.pingMoments
        pings = eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(pause)) {
            for index in stride(from: self.pingMoment, to: self.connections.count, by: Self.pingMoments) {
                self.connections[index].ping()
            }
            self.pingMoment = (self.pingMoment + 1) % Self.pingMoments
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
            begin(
                configuration.targets[number % configuration.targets.count], isSlow: number < configuration.slowReaders)
        }
        if connecting == 0, waiting.isEmpty { allConnected.succeed() }
    }

    private func begin(_ target: LoadTarget, isSlow: Bool) {
        let began = NIODeadline.now()
        let connection = ChatConnection(lane: self, isSlow: isSlow)
        let attempt = ConnectAttempt(target, connection: connection, lane: self)
        attempt.run().assumeIsolated().whenComplete { result in
            self.connecting -= 1
            switch result {
            case .success:
                self.connections.append(connection)
                self.figures.connected(after: .now() - began)
            case .failure(let error):
                self.figures.connectFailed((error as? LoadFailure)?.code ?? "connect")
            }
            self.connectMore()
        }
    }

    /// At any of the servers: the one that it was connected to may be gone.
    func connectAgain(_ connection: ChatConnection) -> EventLoopFuture<Void> {
        let target = configuration.targets[Int.random(in: configuration.targets.indices)]
        return ConnectAttempt(target, connection: connection, lane: self).run()
    }

    /// The connections that single requests to a server share.
    func pool(to target: LoadTarget) -> HTTPClientPool {
        if let pool = pools[target] { return pool }
        let pool = HTTPClientPool(to: target, lane: self)
        pools[target] = pool
        return pool
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
        let allAnswered = eventLoop.makePromise(of: Void.self)
        self.allAnswered = allAnswered
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
        asked < configuration.asks ?? .max && !isStopped && NIODeadline.now() < askDeadline
    }

    /// Nothing new is begun; replies that are open may end.
    func stop() {
        isStopped = true
        waiting = []
        connectMore()
        eventLoop.assumeIsolated().scheduleTask(in: Self.stopTime) {
            for connection in self.connections { connection.giveUp("interrupted") }
        }
    }

    /// How many connections are open, and how many replies.
    var open: (connections: Int, replies: Int) {
        connections.reduce(into: (0, 0)) { sum, connection in
            if connection.isOpen { sum.0 += 1 }
            sum.1 += connection.openReplies
        }
    }

    /// Whether the text of the reply that begins now is to be hashed.
    func hashesNext() -> Bool {
        defer { repliesBegun += 1 }
        return repliesBegun % configuration.hashEvery == 0
    }

    /// A connection will ask no more; said once by each that was told to begin.
    func finished() {
        asking -= 1
        if asking == 0 { allAnswered?.succeed() }
    }

    // MARK: Closing

    /// Ends when the servers have been told, or have not answered in time.
    func close() -> EventLoopFuture<Void> {
        pings?.cancel()
        let told = eventLoop.makePromise(of: Void.self)
        let timeout = eventLoop.scheduleTask(in: TimeAmount(configuration.connectTimeout)) { told.succeed() }
        EventLoopFuture.andAllComplete(connections.map { $0.close() }, on: eventLoop).whenComplete { _ in
            timeout.cancel()
            told.succeed()
        }
        connections = []
        return told.futureResult
    }
}
