import HubProtocol
import HubServer
import NIOCore

/// The asks of one connection and what came back for each. A value without I/O.
struct ChatSession {
    enum Received { case nothing, replyEnded }

    /// The result of an ask.
    private struct AskResult: Decodable {
        let messageId: String
    }

    private struct Problem: Decodable {
        let code: String
    }

    let encoding: HubEncoding
    private var replies: [OpenReply] = []
    private(set) var asked = 0

    init(encoding: HubEncoding) { self.encoding = encoding }

    var openReplies: Int { replies.count }

    /// Begins an ask.
    ///
    /// - Returns: The message to send.
    mutating func ask(_ prompt: String, at now: UInt64, isHashed: Bool) -> ByteBuffer {
        asked += 1
        let invocationID = String(asked)
        replies.append(OpenReply(invocationID: invocationID, askedAt: now, isHashed: isHashed))
        var message = ByteBuffer()
        // Only floating-point numbers can fail to be encoded.
        try? encoding.writeInvocation(
            invocationID: invocationID, target: "AskAi", [.string(prompt)], into: &message)
        return message
    }

    /// Ends all replies that are open.
    mutating func fail(_ code: String, figures: inout LoadFigures) {
        for reply in replies { figures.failed(reply, code: code) }
        replies = []
    }

    /// Takes a message of the server's, as ``RecordSplitter`` gives it.
    mutating func receive(
        _ record: ByteBuffer, at now: UInt64, figures: inout LoadFigures
    ) throws -> Received {
        let isPartial = record.withUnsafeReadableBytes { bytes in
            guard let partial = PartialRecord(bytes, encoding) else { return false }
            receive(partial.text, of: partial.messageID, at: now, figures: &figures)
            return true
        }
        if isPartial { return .nothing }
        switch try encoding.parse(record) {
        case .invocation(let invocation):
            receive(invocation, at: now, figures: &figures)
            return .nothing
        case .completion(let completion):
            return receive(completion, at: now, figures: &figures)
        case .close:
            throw LoadFailure(code: "closed_by_server")
        default:
            return .nothing
        }
    }

    private mutating func receive(
        _ text: UnsafeRawBufferPointer, of messageID: UnsafeRawBufferPointer, at now: UInt64,
        figures: inout LoadFigures
    ) {
        guard let index = index(of: messageID) else { return figures.receivedForeign() }
        replies[index].receive(text, at: now, figures: &figures)
    }

    private mutating func receive(_ invocation: InvocationMessage, at now: UInt64, figures: inout LoadFigures) {
        guard var messageID = argument(0, of: invocation, as: String.self) else { return }
        messageID.withUTF8 { messageID in
            guard let index = index(of: UnsafeRawBufferPointer(messageID)) else { return figures.receivedForeign() }
            switch invocation.target {
            case "partial":
                // Text that had to be escaped, or a server that writes its messages in another way.
                guard var text = argument(1, of: invocation, as: String.self) else { return }
                text.withUTF8 { replies[index].receive(UnsafeRawBufferPointer($0), at: now, figures: &figures) }
            case "completed":
                replies[index].end = .completed(argument(1, of: invocation, as: ReplySummary.self))
            case "failed":
                replies[index].end = .failed(code: argument(1, of: invocation, as: Problem.self)?.code ?? "failed")
            case "restarted":
                replies[index].restart()
            default:
                break
            }
        }
    }

    private func argument<Value: Decodable>(
        _ index: Int, of invocation: InvocationMessage, as type: Value.Type
    ) -> Value? {
        guard index < invocation.arguments.count else { return nil }
        return try? ReceivedValue(invocation.arguments[index], encoding).decode(as: type)
    }

    private mutating func receive(
        _ completion: CompletionMessage, at now: UInt64, figures: inout LoadFigures
    ) -> Received {
        guard var index = replies.firstIndex(where: { $0.invocationID == completion.invocationID }) else {
            return .nothing
        }
        if case .error = completion.outcome {
            figures.failed(replies.remove(at: index), code: "ask_refused")
            return .replyEnded
        }
        if case .result(let result) = completion.outcome,
            var messageID = try? ReceivedValue(result, encoding).decode(as: AskResult.self).messageId,
            let own = messageID.withUTF8({ known(UnsafeRawBufferPointer($0)) }), own != index
        {
            // Two asks had been taken for each other.
            var reply = replies[own]
            reply.swapAsk(with: &replies[index])
            replies[own] = reply
            index = own
        }
        figures.ended(replies.remove(at: index), at: now)
        return .replyEnded
    }

    /// The reply of a message. An id that is new belongs to the oldest ask that has none: the server tells ids in the
    /// order of the asks, and which ask it is only in the completion.
    private mutating func index(of messageID: UnsafeRawBufferPointer) -> Int? {
        if let index = known(messageID) { return index }
        guard let index = replies.firstIndex(where: { $0.messageID.isEmpty }) else { return nil }
        replies[index].messageID = Array(messageID)
        return index
    }

    private func known(_ messageID: UnsafeRawBufferPointer) -> Int? {
        replies.firstIndex { $0.messageID.withUnsafeBytes { $0.equals(messageID) } }
    }
}
