import ChunkStreams
import HubServer
import Logging
import NIOCore

extension ChatHub {
    /// `AskAi(prompt[, options])`: streams the reply as events and returns when it has ended.
    func askAi(_ context: HubContext, prompt: String, options: AskOptions?) async throws -> AskResult {
        let ask = try accept(prompt, from: context)
        let view = views.view(of: ask.id, on: context.connection)
        do {
            try await streams.create(ask.id, meta: ask.meta.payload)
            view.begin()
            try await place(ask) { view.read(self.streams.view(ask.id, after: .start, sink: view), from: .start) }
        } catch {
            logger.info("An ask could not be placed", metadata: ["stream": "\(ask.id.logged)", "error": "\(error)"])
            view.begin()
            view.fail(.unavailable)
        }
        return AskResult(messageId: ask.id.rawValue, finish: await view.ended() ?? "disconnected")
    }

    /// `StreamAi(prompt[, options])`: the reply's text as a SignalR stream. Cancelling it stops the reply.
    func streamAi(_ context: HubContext, prompt: String, options: AskOptions?) async throws -> ReplyTexts {
        let ask = try accept(prompt, from: context)
        do {
            try await streams.create(ask.id, meta: ask.meta.payload)
            try await place(ask) {}
        } catch {
            logger.info("An ask could not be placed", metadata: ["stream": "\(ask.id.logged)", "error": "\(error)"])
            throw HubError("\(StreamProblem.unavailable.code): \(StreamProblem.unavailable.message)")
        }
        return ReplyTexts(id: ask.id, streams: streams)
    }

    private func accept(_ prompt: String, from context: HubContext) throws -> Ask {
        guard !prompt.allSatisfy(\.isWhitespace) else { throw HubError("The prompt is empty.") }
        guard prompt.utf8.count <= configuration.maximumPromptBytes else {
            throw HubError("The prompt is longer than \(configuration.maximumPromptBytes) bytes.")
        }
        return Ask(id: ChunkStreamID(), meta: ReplyMeta(owner: context.userID), prompt: prompt)
    }

    /// Has the reply produced: at once on this node when it has a free place, else on any worker through the queue.
    ///
    /// - Parameter view: Called when the stream can be read without missing its beginning.
    private func place(_ ask: Ask, view: () -> Void) async throws {
        if worker.places.take(upTo: 1) == 1 {
            do {
                guard let producer = try await worker.open(ask) else { throw HubError("The reply exists already.") }
                worker.start(ask, producer: producer)
            } catch {
                worker.places.giveBack(1)
                throw error
            }
            view()
        } else {
            view()
            var ask = ask
            ask.follower = streams.follower(of: ask.id)
            try await queued.add(ask)
        }
    }
}
