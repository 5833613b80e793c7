import ChunkStreams
import HubProtocol
import NIOCore

/// Writes the events of one reply in the form in which clients receive them.
///
/// The simplest client, `typing(id, isTyping)`, `partial(id, text)`, `completed(id)`, ignores the arguments after these.
struct ReplyEvents: Sendable {
    private let id: String
    private let partial: JSONHubProtocol.PreparedInvocation

    init(id: ChunkStreamID) {
        self.id = id.rawValue
        partial = JSONHubProtocol.PreparedInvocation(target: "partial") { [id = id.rawValue] in $0.string(id) }
    }

    /// `partial(messageId, text, cursor)`
    func partial(_ text: ByteBuffer, cursor: ChunkCursor, into buffer: inout ByteBuffer) {
        partial.write(into: &buffer) { writer in
            writer.string(utf8: text)
            writer.integer(Int(cursor.rawValue))
        }
    }

    /// `typing(messageId, isTyping)`
    func typing(_ isTyping: Bool, into buffer: inout ByteBuffer) {
        event("typing", into: &buffer) { $0.bool(isTyping) }
    }

    /// `restarted(messageId, cursor)`
    func restarted(_ cursor: ChunkCursor, into buffer: inout ByteBuffer) {
        event("restarted", into: &buffer) { $0.integer(Int(cursor.rawValue)) }
    }

    /// `completed(messageId, {finish, chunks, bytes, sha256, usage?})` or `failed(messageId, problem)`
    func ended(_ end: StreamEnd, into buffer: inout ByteBuffer) {
        if case .failed(let problem) = end.finish {
            failed(problem, text: end.chunks > 0 ? end : nil, into: &buffer)
        } else {
            event("completed", into: &buffer) { writer in
                writer.beginObject()
                writer.key("finish")
                writer.string(end.finish.word)
                writer.text(end)
                if let usage = end.usage {
                    writer.key("usage")
                    writer.beginObject()
                    writer.key("inputTokens")
                    writer.integer(Int(usage.inputTokens))
                    writer.key("outputTokens")
                    writer.integer(Int(usage.outputTokens))
                    writer.endObject()
                }
                writer.endObject()
            }
        }
    }

    /// `failed(messageId, {code, message, retryable, retryAfter?, chunks?, bytes?, sha256?})`, retryAfter in seconds.
    func failed(_ problem: StreamProblem, text: StreamEnd? = nil, into buffer: inout ByteBuffer) {
        event("failed", into: &buffer) { writer in
            writer.beginObject()
            writer.key("code")
            writer.string(problem.code)
            writer.key("message")
            writer.string(problem.message)
            writer.key("retryable")
            writer.bool(problem.retryable)
            if let retryAfter = problem.retryAfter {
                writer.key("retryAfter")
                writer.integer(Int((retryAfter / .seconds(1)).rounded(.up)))
            }
            if let text { writer.text(text) }
            writer.endObject()
        }
    }

    private func event(_ target: String, into buffer: inout ByteBuffer, _ argument: (inout JSONWriter) -> Void) {
        JSONHubProtocol.writeInvocation(target: target, into: &buffer) { writer in
            writer.string(id)
            argument(&writer)
        }
    }
}

extension JSONWriter {
    fileprivate mutating func text(_ end: StreamEnd) {
        key("chunks")
        integer(Int(end.chunks))
        key("bytes")
        integer(Int(end.bytes))
        key("sha256")
        string(end.sha256.lowercaseHex)
    }
}

extension [UInt8] {
    fileprivate var lowercaseHex: String {
        let digits = Array<UInt8>("0123456789abcdef".utf8)
        return String(decoding: flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }
}
