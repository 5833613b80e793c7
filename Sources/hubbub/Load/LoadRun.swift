import NIOCore
import NIOPosix

/// One run of the load test: connect, hold, ask, close.
struct LoadRun {
    private let configuration: LoadConfiguration

    init(_ configuration: LoadConfiguration) { self.configuration = configuration }

    func run() async throws -> LoadReport {
        var usage = try ProcessUsage(configuration.processes)
        let group = MultiThreadedEventLoopGroup(numberOfThreads: min(System.coreCount, configuration.connections))
        let lanes = try await Self.lanes(group, configuration: configuration)

        try await Self.all(lanes) { $0.connect() }
        try usage.endPhase("connect")
        if let hold = configuration.hold {
            try await Task.sleep(for: hold)
            try usage.endPhase("hold")
        }
        if configuration.asks != 0 {
            try await Self.all(lanes) { $0.ask() }
            try usage.endPhase("asks")
        }
        var figures = LoadFigures()
        for lane in lanes {
            figures.add(try await lane.eventLoop.submit { lane.value.close() }.get())
        }
        try await group.shutdownGracefully()
        return LoadReport(figures, usage: usage)
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
