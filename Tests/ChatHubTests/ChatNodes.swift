import ChatModels
import ChunkStreams
import HubBackplane
import HubServer
import HubTesting
import Logging

@testable import ChatHub

/// Nodes of a chat, without sockets: an edge, and workers of which each can be cut off.
struct ChatNodes: Sendable {
    static let leaseTime = Duration.milliseconds(900)
    static let names = BackplaneNames(app: "test")

    let base: InMemoryBackplane
    /// The edge's first.
    let backplanes: [FaultyBackplane]
    let edge: HubEndpoint
    private let nodes: [(leases: NodeLeases, streams: ChunkStreams, chat: ChatHub)]

    /// - Parameter models: One for each worker.
    private init(models: [any ChatModel]) {
        let logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
        let base = InMemoryBackplane()
        self.base = base
        backplanes = (0...models.count).map { _ in FaultyBackplane(base: base) }
        nodes = zip(backplanes, [EchoModel()] + models).enumerated().map { index, node in
            let (backplane, model) = node
            let leases = NodeLeases(
                backplane: backplane, node: NodeID(), leaseTime: Self.leaseTime, logger: logger)
            let streams = ChunkStreams(backplane: backplane, names: Self.names, leases: leases, logger: logger)
            var configuration = ChatHubConfiguration()
            configuration.isWorker = index > 0
            let chat = ChatHub(
                configuration: configuration, model: model, streams: streams, backplane: backplane,
                names: Self.names, leases: leases, logger: logger)
            return (leases, streams, chat)
        }
        edge = HubServer(backplane: backplanes[0], names: Self.names, logger: logger)
            .mount(nodes[0].chat.hub(), at: "/chat")
    }

    static func run(
        workers models: (any ChatModel)..., body: @escaping @Sendable (ChatNodes) async throws -> Void
    ) async throws {
        let nodes = ChatNodes(models: models)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (leases, streams, chat) in nodes.nodes {
                group.addTask { try await leases.run() }
                group.addTask { try await streams.run() }
                group.addTask { try await chat.run() }
            }
            defer {
                // A worker that is told to end waits until its replies have.
                for backplane in nodes.backplanes { backplane.setAway(false) }
                group.cancelAll()
            }
            try await body(nodes)
        }
    }
}
