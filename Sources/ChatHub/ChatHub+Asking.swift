import ChunkStreams
import HubServer
import Logging
import NIOCore

extension ChatHub {
    /// `AskAi(prompt[, options])`: streams the reply as events and returns when it has ended.
    func askAi(_ context: HubContext, prompt: String, options: AskOptions?) async throws -> AskResult {
        let ask = try accept(prompt, options, from: context)
        let held: ReplyPlace
        do {
            held = try await gate.enter(ask.id, connection: context.connectionID, user: context.userID)
        } catch {
            return await refuse(ask, error, context)
        }
        defer { withExtendedLifetime(held) {} }
        var isPlaced = try await claim(ask)
        let view = views.view(of: ask.id, on: context.connection)
        view.begin(timing: metrics.firstChunk)
        if isPlaced {
            isPlaced = await place(ask) { view.read(streams.view(ask.id, after: .start, sink: view), from: .start) }
        }
        if !isPlaced { view.fail(.unavailable) }
        return await end(of: ask, in: view)
    }

    /// `StreamAi(prompt[, options])`: the reply's text as a SignalR stream. Cancelling it stops the reply.
    func streamAi(_ context: HubContext, prompt: String, options: AskOptions?) async throws -> ReplyTexts {
        let ask = try accept(prompt, options, from: context)
        let held: ReplyPlace
        do {
            held = try await gate.enter(ask.id, connection: context.connectionID, user: context.userID)
        } catch {
            throw HubError("\(error.code): \(error.message)")
        }
        guard try await claim(ask), await place(ask, view: {}) else {
            throw HubError("\(StreamProblem.unavailable.code): \(StreamProblem.unavailable.message)")
        }
        return ReplyTexts(id: ask.id, streams: streams, held: held) { [queued] in queued.isOver(ask.id) }
    }

    /// The reply fails before it has begun, for this connection alone: its id is not taken.
    private func refuse(_ ask: Ask, _ problem: StreamProblem, _ context: HubContext) async -> AskResult {
        let view = views.view(of: ask.id, on: context.connection)
        view.begin()
        view.fail(problem)
        return await end(of: ask, in: view)
    }

    private func end(of ask: Ask, in view: ReplyView) async -> AskResult {
        let finish = await view.ended()
        // Who has left may come back for it.
        if finish != nil { queued.isOver(ask.id) }
        metrics.ended(finish ?? "disconnected")
        return AskResult(messageId: ask.id.rawValue, finish: finish ?? "disconnected")
    }

    private func accept(_ prompt: String, _ options: AskOptions?, from context: HubContext) throws -> Ask {
        guard !prompt.allSatisfy(\.isWhitespace) else { throw HubError("The prompt is empty.") }
        guard prompt.utf8.count <= configuration.maximumPromptBytes else {
            throw HubError("The prompt is longer than \(configuration.maximumPromptBytes) bytes.")
        }
        let id = try options?.messageId.map { digits in
            guard let id = ChunkStreamID(digits) else {
                throw HubError("The message id is not one: it takes 32 lower-case hex digits.")
            }
            // With the backplane away nobody else could tell, and the failure would end the reply that the client sees.
            guard !views.isViewed(id, on: context.connection) else { throw Self.idInUse }
            return id
        }
        let conversation = try options?.conversationId.map { text in
            guard let id = ConversationID(text) else {
                throw HubError("The conversation id is not one: it takes 1 to 64 letters, digits, - and _.")
            }
            return id
        }
        return Ask(
            id: id ?? ChunkStreamID(), meta: ReplyMeta(owner: context.userID), prompt: prompt,
            conversation: conversation)
    }

    private static let idInUse = HubError("The message id is in use.")

    /// Writes the reply's owner down, which takes its id for all nodes.
    ///
    /// - Returns: Whether the backplane has it.
    /// - Throws: `HubError` where the id is in use.
    func claim(_ ask: Ask) async throws -> Bool {
        do {
            if try await streams.create(ask.id, meta: ask.meta.payload) { return true }
        } catch {
            couldNotPlace(ask, error)
            return false
        }
        throw Self.idInUse
    }

    /// Has the reply produced: at once on this node when it has a free place, else on any worker through the queue.
    ///
    /// - Parameter view: Called when the stream can be read without missing its beginning.
    /// - Returns: Whether it will be, or has its end already.
    func place(_ ask: Ask, view: () -> Void) async -> Bool {
        do {
            if worker.places.take(upTo: 1) == 1 {
                try await produce(ask)
                view()
            } else {
                view()
                var ask = ask
                ask.follower = streams.follower(of: ask.id)
                try await queued.add(ask)
            }
            return true
        } catch {
            couldNotPlace(ask, error)
            // Its client may resume it without having heard of the failure.
            queued.giveUp(ask.id, as: .unavailable)
            return false
        }
    }

    /// Produces the reply here, in a place that was taken for it.
    private func produce(_ ask: Ask) async throws {
        do {
            if let producer = try await worker.open(ask) { return worker.start(ask, producer: producer) }
            // A Stop was quicker, and has written the end.
            worker.places.giveBack(1)
        } catch {
            worker.places.giveBack(1)
            throw error
        }
    }

    private func couldNotPlace(_ ask: Ask, _ error: any Error) {
        logger.info("An ask could not be placed", metadata: ["stream": "\(ask.id.logged)", "error": "\(error)"])
    }
}
