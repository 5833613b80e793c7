import ChatModels
import Synchronization

/// A model that is asked and never says anything.
final class SilentModel: ChatModel {
    let asked = Atomic(0)

    func reply(to request: ChatRequest, receive: (ChatUpdate) async throws -> Void) async throws -> ChatReplyEnd {
        asked.add(1, ordering: .acquiringAndReleasing)
        try await Task.sleep(for: .seconds(3600))
        return ChatReplyEnd(finish: .stop)
    }
}
