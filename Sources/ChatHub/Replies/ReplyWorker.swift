import ChatModels
import ChunkStreams
import HubBackplane
import Logging
import NIOCore
import Synchronization

/// Produces replies: asks the model and writes what it says to the reply's chunk stream.
///
/// A reply belongs to nobody's connection; it goes on when its caller is gone.
final class ReplyWorker: Sendable {
    let places: WorkerPlaces
    private let model: any ChatModel
    private let configuration: ChatHubConfiguration
    private let conversations: Conversations
    private let groups: GroupLog
    private let gate: ReplyGate
    private let streams: ChunkStreams
    private let executor: (any TaskExecutor)?
    private let logger: Logger
    private static let groupPrompt =
        "You take part in a group discussion. What people say looks like `Name: text`; reply without such a name."
    private let running = Mutex<[ChunkStreamID: Task<Void, Never>]>([:])
    private let isDraining = Mutex(false)

    init(
        model: any ChatModel, configuration: ChatHubConfiguration, conversations: Conversations, groups: GroupLog,
        gate: ReplyGate, streams: ChunkStreams, executor: (any TaskExecutor)?, logger: Logger
    ) {
        self.model = model
        self.configuration = configuration
        self.conversations = conversations
        self.groups = groups
        self.gate = gate
        self.streams = streams
        self.places = WorkerPlaces(limit: configuration.isWorker ? configuration.maximumReplies : 0)
        self.executor = executor
        self.logger = logger
    }

    /// Takes the reply's stream; `nil` where another worker has it, or it has ended.
    func open(_ ask: Ask) async throws -> ChunkProducer? {
        try await streams.open(ask.id, meta: ask.meta.payload, epoch: ask.firstEpoch, follower: ask.follower)
    }

    /// Runs an ask in the background in a place that was taken for it.
    func start(_ ask: Ask, producer: ChunkProducer) {
        Task {
            await run(ask, producer: producer)
            places.giveBack(1)
        }
    }

    /// Produces the reply to its end.
    func run(_ ask: Ask, producer: ChunkProducer) async {
        let task = Task(executorPreference: executor) { await self.produce(ask, producer: producer) }
        running.withLock { $0[ask.id] = task }
        producer.onInterrupt { task.cancel() }
        if isDraining.withLock({ $0 }) { task.cancel() }
        await task.value
        running.withLock { $0[ask.id] = nil }
    }

    /// Waits for running replies, and ends those that take longer.
    func drain(within time: Duration) async {
        let deadline = ContinuousClock.now + time
        while ContinuousClock.now < deadline, running.withLock({ !$0.isEmpty }) {
            try? await Task.sleep(for: .milliseconds(20))
            if Task.isCancelled { break }
        }
        isDraining.withLock { $0 = true }
        let rest = running.withLock { Array($0.values) }
        for task in rest { task.cancel() }
        for task in rest { await task.value }
    }

    private func produce(_ ask: Ask, producer: ChunkProducer) async {
        var finish = StreamFinish.completed
        var usage: StreamUsage?
        do {
            let end = try await model.reply(to: await request(of: ask)) { update in
                switch update {
                case .text(let text):
                    try await producer.append(text)
                case .retraction(let retraction):
                    try producer.retract(
                        keeping: retraction.keepBytes, category: retraction.category,
                        replacement: retraction.replacement)
                }
            }
            if end.finish == .contentFilter { finish = .filtered }
            usage = end.usage.map(StreamUsage.init)
            await keep(ask, producer.text, isWhole: finish == .completed)
        } catch {
            let problem = problem(error)
            finish = .failed(problem)
            if !(error is CancellationError), error as? ChunkProducerError != .interrupted {
                log(problem, of: ask, error)
            }
        }
        guard let end = await producer.finish(finish, usage: usage) else { return }
        let isKept = finish == .completed || finish == .filtered
        // Not in this task: a stop has cancelled it.
        await Task {
            if end.finish == .stopped, !isKept { await self.keep(ask, producer.text, isWhole: false) }
            if usage != nil || end.bytes > 0 {
                await self.gate.used(usage, bytes: ask.prompt.utf8.count + Int(end.bytes), by: ask.user)
            }
        }.value
    }

    private func request(of ask: Ask) async throws -> ChatRequest {
        var messages = [ChatMessage(role: .system, text: configuration.systemPrompt)]
        if let group = ask.group {
            messages.append(ChatMessage(role: .system, text: Self.groupPrompt))
            messages += try await groups.history(of: group.group).messages(
                before: group.turn, atMost: configuration.conversations.maximumBytes)
        } else if let conversation = ask.conversation {
            messages += try await conversations.history(of: conversation, owner: ask.meta.owner)
        }
        messages.append(ChatMessage(role: .user, text: ask.prompt))
        return ChatRequest(messages: messages)
    }

    /// What is kept of a reply's text, before its end is told: who asks on then goes on with it.
    private func keep(_ ask: Ask, _ text: ByteBuffer, isWhole: Bool) async {
        let text = String(buffer: text)
        if let conversation = ask.conversation, !text.isEmpty {
            let turn = ConversationTurn(prompt: ask.prompt, reply: text)
            await conversations.add(turn, to: conversation, owner: ask.meta.owner)
        }
        if let group = ask.group {
            do {
                try await groups.append(.replied(ask.id, text: text), to: group.group)
            } catch {
                logger.warning("A reply in a group could not be written down", metadata: ["stream": "\(ask.id.logged)"])
            }
        }
        if configuration.logsReplies, isWhole {
            logger.info("A reply was completed", metadata: ["stream": "\(ask.id.logged)", "text": "\(text)"])
        }
    }

    /// Of an error that nobody foresaw no more than its type is told: its text may hold that of the prompt.
    private func log(_ problem: StreamProblem, of ask: Ask, _ error: any Error) {
        var metadata: Logger.Metadata = ["stream": "\(ask.id.logged)", "error": "\(problem.code)"]
        if problem == .internalError { metadata["type"] = "\(type(of: error))" }
        logger.info("A reply failed", metadata: metadata)
    }

    /// What clients are told. A producer that was interrupted has its end already, and this one is not used.
    private func problem(_ error: any Error) -> StreamProblem {
        switch error {
        case let error as ChatModelError:
            StreamProblem(
                code: error.code.rawValue, message: error.message, retryable: error.retryable,
                retryAfter: error.retryAfter, categories: error.categories)
        case ChunkProducerError.tooLong:
            .tooLong
        case is CancellationError:
            .shuttingDown
        case is BackplaneError:
            .unavailable
        default:
            .internalError
        }
    }
}

extension StreamUsage {
    fileprivate init(_ usage: TokenUsage) {
        self.init(
            inputTokens: UInt32(clamping: usage.inputTokens), outputTokens: UInt32(clamping: usage.outputTokens),
            cachedInputTokens: usage.cachedInputTokens.map(UInt32.init(clamping:)),
            reasoningTokens: usage.reasoningTokens.map(UInt32.init(clamping:)))
    }
}
