import ChatModels
import NIOCore
import Synchronization

/// A model that notes what it is told. It fails after its text, or never ends, where the question says so.
final class RecordingModel: ChatModel {
    private let requests = Mutex<[ChatRequest]>([])
    private let answer: @Sendable (ChatRequest) -> String

    init(answer: @escaping @Sendable (ChatRequest) -> String = { "re: \($0.prompt)" }) { self.answer = answer }

    /// What it was told with each question, as `role: text`, without the system prompt.
    var told: [[String]] {
        requests.withLock { $0 }.map { request in
            request.messages.dropFirst().map { "\($0.role.rawValue): \($0.text)" }
        }
    }

    func reply(to request: ChatRequest, receive: (ChatUpdate) async throws -> Void) async throws -> ChatReplyEnd {
        requests.withLock { $0.append(request) }
        try await receive(.text(ByteBuffer(string: answer(request))))
        if request.prompt == "for ever" { try await Task.sleep(for: .seconds(3600)) }
        if request.prompt == "fail" { throw FailingModel.away }
        return ChatReplyEnd(finish: .stop)
    }
}
