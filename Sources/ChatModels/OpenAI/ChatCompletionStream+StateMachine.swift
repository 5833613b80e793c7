import FoundationEssentials
import NIOCore

/// The reading of a chat completion's events: what is text, what is the end, and what is neither.
struct ChatCompletionStreamStateMachine: ReplyStream {
    fileprivate struct Reading {
        var finish: ChatReplyEnd.FinishReason?
        var usage: TokenUsage?
        var responseID: String?
        var modelID: String?
        var filtered = FilteredReply()
        /// The filter took text back; what still comes is not delivered.
        var isBlocked = false
    }

    private enum State {
        case reading(Reading)
        case ended
    }

    private var state = State.reading(Reading())
    private(set) var isUnfiltered = false
    private let decoder = JSONDecoder()

    mutating func receive(event: [UInt8]) -> ReplyStreamAction {
        guard case .reading(var reading) = state else { return .ignore }
        guard !event.starts(with: "[DONE]".utf8) else { return end() }
        guard let frame = try? decoder.decode(ChatCompletionFrame.self, from: Data(event)) else {
            return fail(ChatModelError(.unreadable))
        }
        if let error = frame.error {
            return fail(ChatModelError(status: error.status, upstream: error))
        }
        // The text is held by the state, too, and would be copied with each piece.
        state = .ended
        defer { state = .reading(reading) }
        return reading.receive(frame, isUnfiltered: &isUnfiltered)
    }

    mutating func receiveEndOfBody() -> ReplyStreamAction {
        end()
    }

    /// Without a finish reason the reply was cut, even when `[DONE]` follows: llama-cpp-python answers so when another
    /// request interrupts this one, and with an empty body when the prompt is too long.
    private mutating func end() -> ReplyStreamAction {
        guard case .reading(let reading) = state else { return .ignore }
        guard let finish = reading.isBlocked ? .contentFilter : reading.finish else {
            return fail(ChatModelError(.truncated))
        }
        state = .ended
        return .end(
            ChatReplyEnd(
                finish: finish, usage: reading.usage, responseID: reading.responseID, modelID: reading.modelID))
    }

    private mutating func fail(_ failure: ChatModelError) -> ReplyStreamAction {
        state = .ended
        return .fail(failure)
    }
}

extension ChatCompletionStreamStateMachine.Reading {
    fileprivate mutating func receive(_ frame: ChatCompletionFrame, isUnfiltered: inout Bool) -> ReplyStreamAction {
        usage = frame.usage ?? usage
        // Annotation frames have empty ones.
        responseID = responseID ?? frame.id
        modelID = modelID ?? frame.model
        if frame.hasPromptFilterResults { filtered.isAnnotated() }
        var text = ByteBuffer()
        var retraction: ChatRetraction?
        // Only the first of several choices is this reply; the others are interleaved with it.
        for choice in frame.choices where choice.index == 0 {
            text.writeString(choice.text)
            // A finish reason ends nothing yet: with Azure's asynchronous filter a verdict on the text may still follow,
            // and it outweighs the model's own reason.
            if let reason = choice.finishReason, finish != .contentFilter {
                finish = ChatReplyEnd.FinishReason(reason)
            }
            isUnfiltered = isUnfiltered || choice.filter?.hasFailed == true
            retraction = retraction ?? judge(choice)
        }
        if let retraction { return .retract(retraction) }
        guard text.readableBytes > 0, !isBlocked else { return .ignore }
        filtered.append(text)
        return .deliver(text)
    }

    /// With offsets the filter speaks of text that was handed over; without, of text that it has kept back.
    private mutating func judge(_ choice: ChatCompletionFrame.Choice) -> ChatRetraction? {
        guard let offsets = choice.offsets, let results = choice.filter, !isBlocked else { return nil }
        guard let category = results.blocking.first ?? (choice.finishReason == "content_filter" ? "other" : nil) else {
            filtered.pass(offsets)
            return nil
        }
        isBlocked = true
        return filtered.block(offsets, category: category)
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
    var status: Int? {
        code.flatMap(Int.init).flatMap { (400..<600).contains($0) ? $0 : nil }
    }
}
