import NIOCore
import NIOPosix

/// One run of the load test: connect, hold, ask, close.
struct LoadRun {
    private let configuration: LoadConfiguration
    private let interruption: LoadInterruption

    init(_ configuration: LoadConfiguration, interruption: LoadInterruption) {
        self.configuration = configuration
        self.interruption = interruption
    }

    func run() async throws -> LoadReport {
        var usage = try ProcessUsage(configuration.processes)
        var requests: [String: RequestCounts] = [:]
        let group = MultiThreadedEventLoopGroup(numberOfThreads: min(System.coreCount, configuration.connections))
        let lanes = try await Self.lanes(group, configuration: configuration)
        let watching = Task { [interruption] in
            await interruption.watch {
                for lane in lanes { lane.eventLoop.execute { lane.value.stop() } }
            }
        }
        let progress = LoadProgress.isWatched ? Task { try await Self.tellProgress(of: lanes) } : nil
        defer { watching.cancel() }

        func endPhase(_ name: String) async throws {
            try usage.endPhase(name)
            let soFar = requests.values.reduce(into: RequestCounts()) { $0 += $1 }
            requests[name] = try await Self.figures(lanes).requests - soFar
        }
        try await Self.all(lanes) { $0.connect() }
        try await endPhase("connect")
        if let hold = configuration.hold {
            await interruption.sleep(for: hold)
            try await endPhase("hold")
        }
        if configuration.asks != 0 {
            try await Self.all(lanes) { $0.ask() }
            try await endPhase("asks")
        }
        try await Self.all(lanes) { $0.close() }
        if let progress {
            progress.cancel()
            _ = await progress.result
            LoadProgress.end()
        }
        let figures = try await Self.figures(lanes)
        try await group.shutdownGracefully()
        return LoadReport(figures, requests: requests, usage: usage)
    }

    private static func figures(_ lanes: [NIOLoopBound<LoadLane>]) async throws -> LoadFigures {
        var figures = LoadFigures()
        for lane in lanes { figures.add(try await lane.eventLoop.submit { lane.value.figures }.get()) }
        return figures
    }

    private static func tellProgress(of lanes: [NIOLoopBound<LoadLane>]) async throws {
        var progress = LoadProgress()
        while true {
            try await Task.sleep(for: .seconds(1))
            var open = (connections: 0, replies: 0)
            for lane in lanes {
                let part = try await lane.eventLoop.submit { lane.value.open }.get()
                open = (open.connections + part.connections, open.replies + part.replies)
            }
            progress.tell(try await figures(lanes), open: open)
        }
    }

    private static func lanes(
        _ group: MultiThreadedEventLoopGroup, configuration: LoadConfiguration
    ) async throws -> [NIOLoopBound<LoadLane>] {
        let eventLoops = Array(group.makeIterator())
        var lanes: [NIOLoopBound<LoadLane>] = []
        for (index, eventLoop) in eventLoops.enumerated() {
            let numbers = stride(from: index, to: configuration.connections, by: eventLoops.count)
            lanes.append(
                try await eventLoop.submit {
                    let lane = LoadLane(
                        eventLoop: eventLoop, connections: Array(numbers), lanes: eventLoops.count,
                        configuration: configuration)
                    return NIOLoopBound(lane, eventLoop: eventLoop)
                }.get())
        }
        return lanes
    }

    /// Lets all lanes do something at the same time, and waits for all of them.
    private static func all(
        _ lanes: [NIOLoopBound<LoadLane>], _ body: @escaping @Sendable (LoadLane) -> EventLoopFuture<Void>
    ) async throws {
        let futures = lanes.map { lane in lane.eventLoop.flatSubmit { body(lane.value) } }
        for future in futures { try await future.get() }
    }
}
