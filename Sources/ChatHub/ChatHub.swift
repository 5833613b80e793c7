package import ChatModels
package import ChunkStreams
package import HubBackplane
package import HubServer
package import Logging
import NIOCore
import ServiceLifecycle
import Synchronization

/// The chat application: clients ask, a model replies, and the reply streams to whoever may see it, through any node.
///
/// Methods and events are described in the README; a client that only knows `AskAi` and the first arguments of `typing`,
/// `partial` and `completed` works as well.
package final class ChatHub: Service, Sendable {
    let configuration: ChatHubConfiguration
    let streams: ChunkStreams
    let worker: ReplyWorker
    let asks: AskQueue
    let queued: QueuedAsks
    let gate: ReplyGate
    let groups: GroupLog
    let rooms = GroupRooms()
    let views = ReplyViews()
    let metrics = ReplyMetrics()
    let feeds: FedStreams
    let logger: Logger
    let draining = Mutex<Task<Void, Never>?>(nil)
    /// Ends when draining begins.
    let (drainBegan, drainBegins) = AsyncStream<Never>.makeStream()

    /// Creates the application on one node.
    ///
    /// - Parameter executor: Runs the tasks that produce replies; `nil` leaves them to Swift's own threads.
    package init(
        configuration: ChatHubConfiguration, model: any ChatModel, streams: ChunkStreams, backplane: any Backplane,
        names: BackplaneNames, leases: NodeLeases, executor: (any TaskExecutor)? = nil, logger: Logger
    ) {
        self.configuration = configuration
        self.streams = streams
        feeds = FedStreams(streams: streams, configuration: configuration.feeds)
        self.logger = logger
        let conversations = Conversations(
            backplane: backplane, names: names, configuration: configuration.conversations, logger: logger)
        gate = ReplyGate(limits: configuration.limits, backplane: backplane, names: names, logger: logger)
        groups = GroupLog(backplane: backplane, names: names, configuration: configuration.groups)
        worker = ReplyWorker(
            model: model, configuration: configuration, conversations: conversations, groups: groups, gate: gate,
            streams: streams, executor: executor, logger: logger)
        asks = AskQueue(
            backplane: backplane, queue: names.asks, leases: leases, deadline: configuration.askDeadline, logger: logger
        )
        queued = QueuedAsks(queue: asks, streams: streams, deadline: configuration.askDeadline)
    }

    /// The hub to mount at `/chat`.
    package func hub() -> Hub {
        let hub = Hub(name: "chat")
        // It returns when the reply has ended: no number of them may keep a Stop waiting.
        hub.on("AskAi", isLongRunning: true, askAi)
        hub.on("StreamAi", streamAi)
        hub.on("Resume", resume)
        hub.on("Stop", stop)
        hub.onStreams(self)
        return hub
    }

    /// Runs asks of other nodes until it drains.
    package func run() async throws {
        await withDiscardingTaskGroup { group in
            group.addTask { await self.feeds.run() }
            group.addTask { await self.runAsks() }
            try? await gracefulShutdown()
            await drain()
            group.cancelAll()
        }
    }

    private func runAsks() async {
        guard configuration.isWorker else { return }
        await withTaskGroup { group in
            group.addTask { await self.asks.run(on: self.worker) }
            for await _ in drainBegan {}
            group.cancelAll()
        }
    }
}

/// What the chat application can be told.
package struct ChatHubConfiguration: Sendable {
    /// What the model is told before every conversation.
    package var systemPrompt = "You are a helpful assistant."
    /// The most bytes of a prompt.
    package var maximumPromptBytes = 32 * 1024
    /// Whether this node produces replies.
    package var isWorker = true
    /// The most replies this node produces at once.
    package var maximumReplies = 1000
    /// The bounds of conversations.
    package var conversations = ConversationConfiguration()
    /// The bounds of groups.
    package var groups = GroupChatConfiguration()
    /// How much may be asked.
    package var limits = ReplyLimits()
    /// Whether the node's log gets the text of replies that were completed.
    package var logsReplies = false
    /// The bounds and times of replies that backends feed.
    package var feeds = FedStreamsConfiguration()
    /// How long an ask waits for a worker.
    package var askDeadline: Duration = .seconds(30)
    /// How long running replies may go on when the node drains.
    package var drainTimeout: Duration = .seconds(5)
    /// How long the ends of those that did not finish may take after that.
    package var endTime: Duration = .seconds(5)

    package init() {}
}
