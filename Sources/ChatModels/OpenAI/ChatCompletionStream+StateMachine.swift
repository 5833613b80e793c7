import FoundationEssentials
import NIOCore

/// The reading of a chat completion's events: what is text, what is the end, and what is neither.
struct ChatCompletionStreamStateMachine {
    enum Action: Hashable {
        /// Text to hand on, never empty.
        case deliver(ByteBuffer)
        case ignore
        case end(ChatReplyEnd)
        case fail(AttemptFailure)
    }

    private enum State {
        case reading(finish: ChatReplyEnd.FinishReason?, usage: TokenUsage?)
        case ended
    }

    private var state = State.reading(finish: nil, usage: nil)
    private let decoder = JSONDecoder()

    /// Takes the data of the next event.
    mutating func receive(event: [UInt8]) -> Action {
        guard case .reading(var finish, var usage) = state else { return .ignore }
        guard !event.starts(with: "[DONE]".utf8) else { return end() }
        guard let frame = try? decoder.decode(ChatCompletionFrame.self, from: Data(event)) else {
            return fail(AttemptFailure(.unreadable))
        }
        if let error = frame.error {
            return fail(AttemptFailure(status: error.status, upstream: error))
        }
        var text = ByteBuffer()
        // Only the first of several choices is this reply; the others are interleaved with it.
        for choice in frame.choices where choice.index == 0 {
            text.writeString(choice.text)
            // A finish reason ends nothing yet: with Azure's asynchronous filter a verdict on the text may still follow,
            // and it outweighs the model's own reason.
            if let reason = choice.finishReason, finish != .contentFilter {
                finish = ChatReplyEnd.FinishReason(reason)
            }
        }
        usage = frame.usage ?? usage
        state = .reading(finish: finish, usage: usage)
        return text.readableBytes == 0 ? .ignore : .deliver(text)
    }

    /// The body ended. Servers that send no `[DONE]` end that way too.
    mutating func receiveEndOfBody() -> Action {
        end()
    }

    /// Without a finish reason the reply was cut, even when `[DONE]` follows: llama-cpp-python answers so when another
    /// request interrupts this one, and with an empty body when the prompt is too long.
    private mutating func end() -> Action {
        guard case .reading(let finish, let usage) = state else { return .ignore }
        guard let finish else { return fail(AttemptFailure(.truncated)) }
        state = .ended
        return .end(ChatReplyEnd(finish: finish, usage: usage))
    }

    private mutating func fail(_ failure: AttemptFailure) -> Action {
        state = .ended
        return .fail(failure)
    }
}

extension ChatReplyEnd.FinishReason {
    fileprivate init(_ word: String) {
        self =
            switch word {
            case "stop": .stop
            case "length": .length
            case "content_filter": .contentFilter
            default: .other(word)
            }
    }
}

extension UpstreamError {
    /// An error inside a stream has its status as code, if anywhere.
    fileprivate var status: Int? {
        code.flatMap(Int.init).flatMap { (400..<600).contains($0) ? $0 : nil }
    }
}
