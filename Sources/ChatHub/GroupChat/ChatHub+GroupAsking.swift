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
        let view = views.view(of: ask.id, on: context.connection)
        let held: ReplyPlace
        do {
            held = try await gate.enter(ask.id, connection: context.connectionID, user: context.userID)
        } catch {
            view.begin()
            view.fail(error)
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
        if isPlaced {
            isPlaced = await place(ask) { view.read(streams.view(ask.id, after: .start, sink: view), from: .start) }
        }
        guard isPlaced else {
            view.begin()
            view.fail(.unavailable)
            return nil
        }
        Task {
            _ = await view.ended()
            withExtendedLifetime(held) {}
        }
        return ask.id.rawValue
    }
}
