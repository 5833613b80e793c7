import ChunkStreams
import HubBackplane
import HubServer

extension ChatHub {
    /// Has the model reply to the group.
    ///
    /// Whoever is in the group holds the reply's id, and may stop it.
    ///
    /// - Returns: The reply's id; `nil` where it is refused, which only who has asked is told.
    func ask(_ context: HubContext, _ prompt: String, _ question: GroupQuestion, by userName: String) async throws
        -> String?
    {
        let ask = Ask(id: ChunkStreamID(), meta: ReplyMeta(owner: nil), prompt: prompt, group: question)
        let held: ReplyPlace
        do {
            held = try await gate.enter(ask.id, connection: context.connectionID, user: context.userID)
        } catch {
            refuse(ask, error, on: context)
            return nil
        }
        var isPlaced = try await claim(ask)
        if isPlaced {
            // Members read the stream when they hear of it. What is in the log and has no text is told to nobody for long.
            do {
                try await groups.append(.reply(ask.id, askedBy: userName), to: question.group)
            } catch {
                isPlaced = false
                queued.giveUp(ask.id, as: .unavailable)
            }
        }
        // Who has asked is no exception: the text comes behind the word that there is a reply.
        if isPlaced { isPlaced = await place(ask, view: {}) }
        guard isPlaced else {
            refuse(ask, .unavailable, on: context)
            return nil
        }
        Task {
            await end(of: ask.id)
            queued.isOver(ask.id)
            withExtendedLifetime(held) {}
        }
        return ask.id.rawValue
    }

    private func refuse(_ ask: Ask, _ problem: StreamProblem, on context: HubContext) {
        let view = views.view(of: ask.id, on: context.connection)
        view.begin()
        view.fail(problem)
    }

    /// Returns when the reply is over, whoever reads it.
    private func end(of id: ChunkStreamID) async {
        let news = News()
        let viewer = streams.view(id, after: .start, sink: news)
        while true {
            switch viewer.next(limit: .max)?.event {
            case .ended, .lost: return
            case .text, .retracted, .restarted: continue
            case nil: await news.wait()
            }
        }
    }
}
