import ChunkStreams
import HubProtocol
import HubServer
import NIOCore

/// The asks of one connection and what came back for each. A value without I/O.
struct ChatSession {
    enum Received: Equatable {
        case nothing
        case replyEnded
        /// To be sent.
        case message(ByteBuffer)
        /// To be sent in a moment.
        case later(ByteBuffer)
    }

    /// The result of an ask.
    private struct AskResult: Decodable {
        let messageId: String
    }

    /// The result of a `Resume`.
    private struct ResumeResult: Decodable {
        let messageId: String
        let status: String
    }

    private struct Problem: Decodable {
        let code: String
    }

    let encoding: HubEncoding
    private var replies: [OpenReply] = []
    private(set) var asked = 0
    /// Whether replies go on over other connections: their ids are chosen here then, to be known from the beginning.
    private let resumes: Bool
    private let prompt: String
    /// Whether times count: those of a client that reads slowly tell of itself alone.
    private let isTimed: Bool

    init(encoding: HubEncoding, prompt: String, resumes: Bool, isTimed: Bool = true) {
        self.isTimed = isTimed
        self.encoding = encoding
        self.prompt = prompt
        self.resumes = resumes
    }

    var openReplies: Int { replies.count }

    /// The ids of the replies that are open, as far as they are known.
    var ids: [String] { replies.map(\.id) }

    /// Begins an ask.
    ///
    /// - Returns: The message to send.
    mutating func ask(at now: UInt64, isHashed: Bool) -> ByteBuffer {
        asked += 1
        let invocationID = String(asked)
        var reply = OpenReply(invocationID: invocationID, askedAt: now, isHashed: isHashed, isTimed: isTimed)
        if resumes { reply.messageID = Array(ChunkStreamID().rawValue.utf8) }
        replies.append(reply)
        return askMessage(reply)
    }

    private func askMessage(_ reply: OpenReply) -> ByteBuffer {
        let options: [HubValue] = resumes ? [.object([("messageId", .string(reply.id))])] : []
        return invocation(reply.invocationID, "AskAi", [.string(prompt)] + options)
    }

    private func invocation(_ id: String, _ target: String, _ arguments: [HubValue]) -> ByteBuffer {
        var message = ByteBuffer()
        // Only floating-point numbers can fail to be encoded.
        try? encoding.writeInvocation(invocationID: id, target: target, arguments, into: &message)
        return message
    }

    /// The connection is another one.
    ///
    /// - Returns: What asks for the rest of the replies that are open.
    mutating func resume() -> [ByteBuffer] {
        for index in replies.indices { replies[index].isResumed = true }
        return replies.map { resumeMessage($0) }
    }

    private func resumeMessage(_ reply: OpenReply) -> ByteBuffer {
        invocation("r" + reply.invocationID, "Resume", [.string(reply.id), .integer(reply.cursor)])
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
            receive(
                partial.text, of: partial.messageID, cursor: resumes ? partial.cursor(encoding) : 0, at: now,
                figures: &figures)
            return true
        }
        if isPartial { return .nothing }
        switch try encoding.parse(record) {
        case .invocation(let invocation):
            receive(invocation, at: now, figures: &figures)
            return endResumed(at: now, figures: &figures)
        case .completion(let completion):
            return receive(completion, at: now, figures: &figures)
        case .close:
            throw LoadFailure(code: "closed_by_server")
        default:
            return .nothing
        }
    }

    private mutating func receive(
        _ text: UnsafeRawBufferPointer, of messageID: UnsafeRawBufferPointer, cursor: Int64, at now: UInt64,
        figures: inout LoadFigures
    ) {
        guard let index = index(of: messageID) else { return figures.receivedForeign() }
        replies[index].cursor = cursor
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
                replies[index].cursor = argument(2, of: invocation, as: Int64.self) ?? 0
                text.withUTF8 { replies[index].receive(UnsafeRawBufferPointer($0), at: now, figures: &figures) }
            case "completed":
                replies[index].end = .completed(argument(1, of: invocation, as: ReplySummary.self))
            case "failed":
                replies[index].end = .failed(code: argument(1, of: invocation, as: Problem.self)?.code ?? "failed")
            case "restarted":
                replies[index].restart()
                replies[index].cursor = argument(1, of: invocation, as: Int64.self) ?? 0
            default:
                break
            }
        }
    }

    /// Nobody completes the invocation of a reply that was resumed.
    private mutating func endResumed(at now: UInt64, figures: inout LoadFigures) -> Received {
        guard resumes, let index = replies.firstIndex(where: { $0.isResumed && $0.end != nil }) else { return .nothing }
        figures.ended(replies.remove(at: index), at: now)
        return .replyEnded
    }

    /// A `Resume` was answered.
    private mutating func receive(_ result: ResumeResult, figures: inout LoadFigures) -> Received {
        guard result.status == "gone" || result.status == "forbidden",
            let index = replies.firstIndex(where: { $0.id == result.messageId })
        else { return .nothing }
        guard replies[index].bytes == 0 else {
            figures.failed(replies.remove(at: index), code: "resume_\(result.status)")
            return .replyEnded
        }
        // The question had not arrived.
        replies[index].isResumed = false
        replies[index].wasAskedAgain = true
        return .message(askMessage(replies[index]))
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
        if completion.invocationID.hasPrefix("r") { return receiveResumed(completion, figures: &figures) }
        guard var index = replies.firstIndex(where: { $0.invocationID == completion.invocationID }) else {
            return .nothing
        }
        if case .error = completion.outcome {
            // One that had arrived, over a connection that is gone.
            if resumes, replies[index].end == nil, !replies[index].isResumed, replies[index].wasAskedAgain {
                replies[index].isResumed = true
                return .message(resumeMessage(replies[index]))
            }
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

    private mutating func receiveResumed(
        _ completion: CompletionMessage, figures: inout LoadFigures
    ) -> Received {
        switch completion.outcome {
        case .result(let result):
            guard let result = try? ReceivedValue(result, encoding).decode(as: ResumeResult.self) else {
                return .nothing
            }
            return receive(result, figures: &figures)
        case .error:
            // The backplane is away, or the node ends: the next moment or connection asks again.
            guard let reply = replies.first(where: { "r" + $0.invocationID == completion.invocationID }) else {
                return .nothing
            }
            return .later(resumeMessage(reply))
        default:
            return .nothing
        }
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
