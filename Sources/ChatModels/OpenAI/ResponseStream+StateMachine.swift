import FoundationEssentials
import NIOCore

/// The reading of the Responses API's events. There is no end marker; a terminal event is the last one.
struct ResponseStreamStateMachine: ReplyStream {
    private var isOver = false
    /// The end of a reply of which text was taken back just now.
    private var pendingEnd: ChatReplyEnd?
    /// Places of the filter are those of the reply here.
    private var filtered = FilteredReply(base: 0)
    private(set) var isUnfiltered = false
    private let decoder = JSONDecoder()

    mutating func receive(event: [UInt8]) -> ReplyStreamAction {
        guard !isOver, !event.starts(with: "[DONE]".utf8) else { return .ignore }
        guard let event = try? decoder.decode(ResponseEvent.self, from: Data(event)) else {
            return fail(ChatModelError(.unreadable))
        }
        isUnfiltered = isUnfiltered || event.response?.isUnfiltered == true
        switch event.type {
        case "response.output_text.delta", "response.refusal.delta":
            guard let delta = event.delta, !delta.isEmpty else { return .ignore }
            let text = ByteBuffer(string: delta)
            filtered.append(text)
            return .deliver(text)
        case "response.completed":
            return end(.stop, event.response)
        case "response.incomplete":
            return end(ChatReplyEnd.FinishReason(incomplete: event.response?.incompleteReason), event.response)
        case "response.failed":
            return fail(ChatModelError(status: nil, upstream: event.response?.error))
        case "error":
            return fail(ChatModelError(status: event.error?.status, upstream: event.error))
        default:
            // A proxy may say an error in the form of the other API.
            return event.error.map { fail(ChatModelError(status: $0.status, upstream: $0)) } ?? .ignore
        }
    }

    mutating func receiveEndOfBody() -> ReplyStreamAction {
        if let end = pendingEnd.take() { return .end(end) }
        return isOver ? .ignore : fail(ChatModelError(.truncated))
    }

    private mutating func end(
        _ finish: ChatReplyEnd.FinishReason, _ response: ResponseEvent.Response?
    ) -> ReplyStreamAction {
        isOver = true
        var end = ChatReplyEnd(
            finish: finish, usage: response?.usage, responseID: response?.id, modelID: response?.model)
        guard let block = response?.block else { return .end(end) }
        end.finish = .contentFilter
        pendingEnd = end
        return .retract(
            filtered.block(block.offsets ?? ContentFilterOffsets(), category: block.results?.blocking.first ?? "other"))
    }

    private mutating func fail(_ failure: ChatModelError) -> ReplyStreamAction {
        isOver = true
        return .fail(failure)
    }
}

extension ChatReplyEnd.FinishReason {
    fileprivate init(incomplete reason: String?) {
        self =
            switch reason {
            case "max_output_tokens": .length
            case "content_filter": .contentFilter
            default: .other(reason ?? "incomplete")
            }
    }
}
