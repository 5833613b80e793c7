import ChunkStreams
import HubProtocol
import HubServer
import NIOCore

/// Writes the events of one reply in the form in which clients receive them.
///
/// The simplest client, `typing(id, isTyping)`, `partial(id, text)`, `completed(id)`, ignores the arguments after these.
struct ReplyEvents: Sendable {
    private let id: String
    private let encoding: HubEncoding
    private let partial: PreparedInvocation

    init(id: ChunkStreamID, encoding: HubEncoding) {
        self.id = id.rawValue
        self.encoding = encoding
        partial = PreparedInvocation(encoding, target: "partial", leading: [id.rawValue])
    }

    /// `partial(messageId, text, cursor)`
    func partial(_ text: ByteBuffer, cursor: ChunkCursor, into buffer: inout ByteBuffer) {
        partial.write(text, Int(cursor.rawValue), into: &buffer)
    }

    /// `typing(messageId, isTyping)`
    func typing(_ isTyping: Bool, into buffer: inout ByteBuffer) {
        event("typing", .bool(isTyping), into: &buffer)
    }

    /// `retracted(messageId, {cursor, keepUTF16, keepBytes, category, replacement?})`
    func retracted(_ retraction: ChunkRetraction, cursor: ChunkCursor, into buffer: inout ByteBuffer) {
        var members: [(String, HubValue)] = [
            ("cursor", .integer(Int64(cursor.rawValue))), ("keepUTF16", .unsigned(retraction.keepUTF16)),
            ("keepBytes", .unsigned(retraction.keepBytes)), ("category", .string(retraction.category)),
        ]
        if retraction.replacement.readableBytes > 0 {
            members.append(("replacement", .string(String(buffer: retraction.replacement))))
        }
        event("retracted", .object(members), into: &buffer)
    }

    /// `restarted(messageId, cursor)`
    func restarted(_ cursor: ChunkCursor, into buffer: inout ByteBuffer) {
        event("restarted", .integer(Int64(cursor.rawValue)), into: &buffer)
    }

    /// `completed(messageId, {finish, chunks, bytes, sha256, usage?})` or `failed(messageId, problem)`
    func ended(_ end: StreamEnd, into buffer: inout ByteBuffer) {
        if case .failed(let problem) = end.finish {
            failed(problem, text: end.chunks > 0 ? end : nil, into: &buffer)
        } else {
            var summary = [("finish", .string(end.finish.word))] + members(of: end)
            if let usage = end.usage {
                summary.append(("usage", .object(members(of: usage))))
            }
            event("completed", .object(summary), into: &buffer)
        }
    }

    /// `failed(messageId, {code, message, retryable, retryAfter?, chunks?, bytes?, sha256?})`, retryAfter in seconds.
    func failed(_ problem: StreamProblem, text: StreamEnd? = nil, into buffer: inout ByteBuffer) {
        var members: [(String, HubValue)] = [
            ("code", .string(problem.code)), ("message", .string(problem.message)),
            ("retryable", .bool(problem.retryable)),
        ]
        if let retryAfter = problem.retryAfter {
            members.append(("retryAfter", .integer(Int64((retryAfter / .seconds(1)).rounded(.up)))))
        }
        if !problem.categories.isEmpty {
            members.append(("categories", .array(problem.categories.map { .string($0) })))
        }
        if let text { members += self.members(of: text) }
        event("failed", .object(members), into: &buffer)
    }

    private func members(of text: StreamEnd) -> [(String, HubValue)] {
        [
            ("chunks", .unsigned(UInt64(text.chunks))), ("bytes", .unsigned(UInt64(text.bytes))),
            ("sha256", .string(text.sha256.lowercaseHex)),
        ]
    }

    private func members(of usage: StreamUsage) -> [(String, HubValue)] {
        let counts = [
            ("inputTokens", usage.inputTokens), ("outputTokens", usage.outputTokens),
            ("cachedInputTokens", usage.cachedInputTokens), ("reasoningTokens", usage.reasoningTokens),
        ]
        return counts.compactMap { name, count in count.map { (name, .integer(Int64($0))) } }
    }

    private func event(_ target: String, _ argument: HubValue, into buffer: inout ByteBuffer) {
        // Only floating-point numbers can fail to be encoded, and no event has one.
        try? encoding.writeInvocation(target: target, [.string(id), argument], into: &buffer)
    }
}

extension [UInt8] {
    var lowercaseHex: String {
        let digits = Array<UInt8>("0123456789abcdef".utf8)
        return String(decoding: flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }
}
