import NIOCore
import NIOHTTP1
import NIOPosix

/// Connects as a SignalR client does: negotiates, upgrades a second connection to a WebSocket, shakes hands.
struct ConnectAttempt {
    private let target: LoadTarget
    private let lane: LoadLane

    init(_ target: LoadTarget, lane: LoadLane) {
        self.target = target
        self.lane = lane
    }

    func run() -> EventLoopFuture<NIOLoopBound<ChatConnection>> {
        let eventLoop = lane.eventLoop
        let lane = NIOLoopBound(lane, eventLoop: eventLoop)
        let opened = eventLoop.makePromise(of: NIOLoopBound<ChatConnection>.self)
        let timeout = eventLoop.scheduleTask(in: TimeAmount(lane.value.configuration.connectTimeout)) {
            opened.fail(LoadFailure(code: "connect_timeout"))
        }
        let connection = negotiate().flatMap { [target] token in
            Self.upgrade(target, token: token, lane: lane.value)
        }.flatMap { connection in
            connection.value.shakeHands().map { connection }
        }
        connection.whenComplete { result in
            timeout.cancel()
            // After the timeout nobody waits for it.
            if case .success(let connection) = result {
                opened.futureResult.whenFailure { _ in connection.value.close() }
            }
            opened.completeWith(result)
        }
        return opened.futureResult
    }

    private func negotiate() -> EventLoopFuture<String> {
        let answered = lane.eventLoop.makePromise(of: String.self)
        let target = target
        bootstrap().channelInitializer { channel in
            channel.eventLoop.makeCompletedFuture {
                let pipeline = channel.pipeline.syncOperations
                try pipeline.addHTTPClientHandlers()
                try pipeline.addHandler(NIOHTTPClientResponseAggregator(maxContentLength: 64 * 1024))
                try pipeline.addHandler(NegotiateHandler(target, answered: answered))
            }
        }
        .connect(to: target.address).whenFailure { answered.fail($0) }
        return answered.futureResult
    }

    private static func upgrade(
        _ target: LoadTarget, token: String, lane: LoadLane
    ) -> EventLoopFuture<NIOLoopBound<ChatConnection>> {
        let head = HTTPRequestHead(
            version: .http1_1, method: .GET, uri: "\(target.path)?id=\(token)", headers: ["Host": target.authority])
        let boundLane = NIOLoopBound(lane, eventLoop: lane.eventLoop)
        let upgraded = lane.eventLoop.makePromise(of: NIOLoopBound<ChatConnection>.self)
        ConnectAttempt(target, lane: lane).bootstrap().channelInitializer { channel in
            channel.eventLoop.makeCompletedFuture {
                let configuration = NIOUpgradableHTTPClientPipelineConfiguration(
                    upgradeConfiguration: NIOTypedHTTPClientUpgradeConfiguration(
                        upgradeRequestHead: head, upgraders: [ChatUpgrader(lane: boundLane)],
                        notUpgradingCompletionHandler: { channel in
                            channel.close(promise: nil)
                            return channel.eventLoop.makeFailedFuture(LoadFailure(code: "upgrade_refused"))
                        }))
                try channel.pipeline.syncOperations.configureUpgradableHTTPClientPipeline(configuration: configuration)
                    .cascade(to: upgraded)
            }
        }
        .connect(to: target.address).whenFailure { upgraded.fail($0) }
        return upgraded.futureResult
    }

    private func bootstrap() -> ClientBootstrap {
        ClientBootstrap(group: lane.eventLoop)
            .connectTimeout(TimeAmount(lane.configuration.connectTimeout))
            .channelOption(.socketOption(.tcp_nodelay), value: 1)
            // A second read after each that was not full would find nothing most of the time.
            .channelOption(.maxMessagesPerRead, value: 1)
    }
}
