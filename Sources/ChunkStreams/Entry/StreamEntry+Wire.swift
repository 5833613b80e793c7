import HubBackplane
package import NIOCore

/// The form of entries in the log and on the channel. Integers are big-endian, readers ignore what follows the fields.
///
///     open    'O'  epoch:u32  textEpoch:u32  node:str8  isFed:u8
///     chunks  'C'  epoch:u32  first:u32  count:u32  (length:u32)×count  text  [appendedAt:i64]
///     retract 'R'  epoch:u32  seq:u32  keepSeq:u32  cutSeq:u32  keepBytes:u64  keepUTF16:u64
///                  category:str8  prefix:u32  length:u32  text
///     end     'E'  epoch:u32  chunks:u32  bytes:u64  sha256:32 bytes  finish:u8
///                  [failed: retryable:u8  retryAfterMilliseconds:u32  code:str8  message:str16
///                           categories:u8  category:str8 …]
///                  hasUsage:u8  [inputTokens:u32  outputTokens:u32]
extension StreamEntry {
    fileprivate enum Kind {
        static let open = UInt8(ascii: "O")
        static let chunks = UInt8(ascii: "C")
        static let retraction = UInt8(ascii: "R")
        static let end = UInt8(ascii: "E")
    }

    /// Reads an entry; `nil` where the bytes are not one.
    init?(payload: ByteBuffer) {
        var payload = payload
        guard let kind: UInt8 = payload.readInteger(), let epoch: UInt32 = payload.readInteger() else { return nil }
        switch kind {
        case Kind.open:
            guard let textEpoch: UInt32 = payload.readInteger(), textEpoch > 0, let node = payload.readString8() else {
                return nil
            }
            self = .open(
                Opening(
                    epoch: UInt64(epoch), textEpoch: UInt64(textEpoch), node: NodeID(node),
                    isFed: payload.readInteger(as: UInt8.self) == 1))
        case Kind.chunks:
            guard let chunks = Chunks(epoch: UInt64(epoch), rest: payload) else { return nil }
            self = .chunks(chunks)
        case Kind.retraction:
            guard let retraction = StreamRetraction(reading: &payload) else { return nil }
            self = .retraction(epoch: UInt64(epoch), retraction)
        case Kind.end:
            guard let end = StreamEnd(reading: &payload) else { return nil }
            self = .end(epoch: UInt64(epoch), end)
        default:
            return nil
        }
    }

    var payload: ByteBuffer {
        switch self {
        case .open(let opening):
            var buffer = ByteBuffer()
            buffer.writeInteger(Kind.open)
            buffer.writeInteger(UInt32(truncatingIfNeeded: opening.epoch))
            buffer.writeInteger(UInt32(truncatingIfNeeded: opening.textEpoch))
            buffer.writeString8(opening.node.rawValue)
            buffer.writeInteger(UInt8(opening.isFed ? 1 : 0))
            return buffer
        case .chunks(let chunks):
            var buffer = ByteBuffer()
            buffer.writeChunksHead(
                epoch: chunks.epoch, first: chunks.first, count: chunks.lengths.count,
                textSize: chunks.text.readableBytes)
            buffer.writeImmutableBuffer(chunks.lengths.bytes)
            buffer.writeImmutableBuffer(chunks.text)
            if let time = chunks.appendedAt { buffer.writeInteger(time) }
            return buffer
        case .retraction(let epoch, let retraction):
            var buffer = ByteBuffer()
            buffer.writeMultipleIntegers(Kind.retraction, UInt32(truncatingIfNeeded: epoch))
            retraction.write(to: &buffer)
            return buffer
        case .end(let epoch, let end):
            var buffer = ByteBuffer()
            buffer.writeInteger(Kind.end)
            buffer.writeInteger(UInt32(truncatingIfNeeded: epoch))
            end.write(to: &buffer)
            return buffer
        }
    }
}

extension ByteBuffer {
    /// Writes what stands before the lengths and the text of chunks, and makes room for those.
    mutating func writeChunksHead(epoch: UInt64, first: UInt64, count: Int, textSize: Int) {
        reserveCapacity(13 + 4 * count + textSize)
        writeMultipleIntegers(
            StreamEntry.Kind.chunks, UInt32(truncatingIfNeeded: epoch), UInt32(truncatingIfNeeded: first),
            UInt32(truncatingIfNeeded: count))
    }
}

extension StreamEntry.Chunks {
    fileprivate init?(epoch: UInt64, rest: ByteBuffer) {
        var rest = rest
        guard let first: UInt32 = rest.readInteger(), first > 0, let count: UInt32 = rest.readInteger(), count > 0,
            let lengths = rest.readSlice(length: Int(count) * 4).map(ChunkLengths.init(bytes:)),
            let text = rest.readSlice(length: lengths.reduce(0, +))
        else { return nil }
        self.init(
            epoch: epoch, first: UInt64(first), lengths: lengths, text: text, appendedAt: rest.readInteger())
    }
}

extension StreamRetraction {
    fileprivate init?(reading buffer: inout ByteBuffer) {
        guard let seq: UInt32 = buffer.readInteger(), let keepSeq: UInt32 = buffer.readInteger(),
            let cutSeq: UInt32 = buffer.readInteger(), keepSeq < cutSeq, cutSeq <= seq,
            let keepBytes: UInt64 = buffer.readInteger(), let keepUTF16: UInt64 = buffer.readInteger(),
            let category = buffer.readString8(), let prefix: UInt32 = buffer.readInteger(),
            let length: UInt32 = buffer.readInteger(), prefix <= length, UInt64(prefix) <= keepBytes,
            let text = buffer.readSlice(length: Int(length)), text.prefix(Int(prefix)).utf16Count <= keepUTF16
        else { return nil }
        self.init(
            seq: UInt64(seq), keepSeq: UInt64(keepSeq), cutSeq: UInt64(cutSeq), keepBytes: keepBytes,
            keepUTF16: keepUTF16, category: category, text: text, prefixBytes: Int(prefix))
    }

    fileprivate func write(to buffer: inout ByteBuffer) {
        buffer.writeMultipleIntegers(
            UInt32(truncatingIfNeeded: seq), UInt32(truncatingIfNeeded: keepSeq),
            UInt32(truncatingIfNeeded: cutSeq), keepBytes, keepUTF16)
        buffer.writeString8(category)
        buffer.writeMultipleIntegers(UInt32(prefixBytes), UInt32(text.readableBytes))
        buffer.writeImmutableBuffer(text)
    }
}

extension StreamEnd {
    private static let finishes: [UInt8: StreamFinish] = [1: .completed, 2: .stopped, 3: .filtered]
    private static let failed: UInt8 = 4

    init?(reading buffer: inout ByteBuffer) {
        guard let chunks: UInt32 = buffer.readInteger(), let bytes: UInt64 = buffer.readInteger(),
            let sha256 = buffer.readBytes(length: 32), let kind: UInt8 = buffer.readInteger()
        else { return nil }
        let finish: StreamFinish
        if kind == Self.failed {
            guard let problem = StreamProblem(reading: &buffer) else { return nil }
            finish = .failed(problem)
        } else {
            guard let known = Self.finishes[kind] else { return nil }
            finish = known
        }
        let hasUsage = buffer.readInteger(as: UInt8.self) == 1
        let usage = hasUsage ? StreamUsage(reading: &buffer) : nil
        self.init(finish: finish, chunks: UInt64(chunks), bytes: bytes, sha256: sha256, usage: usage)
    }

    func write(to buffer: inout ByteBuffer) {
        buffer.writeInteger(UInt32(truncatingIfNeeded: chunks))
        buffer.writeInteger(bytes)
        buffer.writeBytes(sha256)
        if case .failed(let problem) = finish {
            buffer.writeInteger(Self.failed)
            problem.write(to: &buffer)
        } else {
            buffer.writeInteger(Self.finishes.first { $0.value == finish }?.key ?? 1)
        }
        buffer.writeInteger(UInt8(usage == nil ? 0 : 1))
        usage?.write(to: &buffer)
    }
}

extension StreamUsage {
    private static let cached: UInt8 = 1
    private static let reasoning: UInt8 = 2

    fileprivate init?(reading buffer: inout ByteBuffer) {
        guard let input: UInt32 = buffer.readInteger(), let output: UInt32 = buffer.readInteger() else { return nil }
        self.init(inputTokens: input, outputTokens: output)
        // Nodes of another version write no details.
        let details: UInt8 = buffer.readInteger() ?? 0
        if details & Self.cached != 0 { cachedInputTokens = buffer.readInteger() }
        if details & Self.reasoning != 0 { reasoningTokens = buffer.readInteger() }
    }

    fileprivate func write(to buffer: inout ByteBuffer) {
        buffer.writeInteger(inputTokens)
        buffer.writeInteger(outputTokens)
        buffer.writeInteger(
            (cachedInputTokens == nil ? 0 : Self.cached) | (reasoningTokens == nil ? 0 : Self.reasoning))
        for count in [cachedInputTokens, reasoningTokens] {
            if let count { buffer.writeInteger(count) }
        }
    }
}

extension StreamProblem {
    fileprivate init?(reading buffer: inout ByteBuffer) {
        guard let retryable: UInt8 = buffer.readInteger(), let retryAfter: UInt32 = buffer.readInteger(),
            let code = buffer.readString8(), let length: UInt16 = buffer.readInteger(),
            let message = buffer.readString(length: Int(length)), let count: UInt8 = buffer.readInteger()
        else { return nil }
        var categories: [String] = []
        for _ in 0..<count {
            guard let category = buffer.readString8() else { return nil }
            categories.append(category)
        }
        self.init(
            code: code, message: message, retryable: retryable == 1,
            retryAfter: retryAfter == 0 ? nil : .milliseconds(Int64(retryAfter)), categories: categories)
    }

    fileprivate func write(to buffer: inout ByteBuffer) {
        buffer.writeInteger(UInt8(retryable ? 1 : 0))
        let milliseconds = retryAfter.map { $0 / .milliseconds(1) } ?? 0
        buffer.writeInteger(UInt32(clamping: Int64(milliseconds.rounded(.up))))
        buffer.writeString8(code)
        let text = message.utf8Prefix(Int(UInt16.max))
        buffer.writeInteger(UInt16(text.count))
        buffer.writeBytes(text)
        buffer.writeInteger(UInt8(clamping: categories.count))
        for category in categories.prefix(Int(UInt8.max)) { buffer.writeString8(category) }
    }
}

extension ByteBuffer {
    /// A string behind its length of one byte.
    package mutating func readString8() -> String? {
        guard let length: UInt8 = readInteger() else { return nil }
        return readString(length: Int(length))
    }

    /// Writes a string behind its length of one byte, cut where it is too long.
    package mutating func writeString8(_ string: String) {
        let utf8 = string.utf8Prefix(Int(UInt8.max))
        writeInteger(UInt8(utf8.count))
        writeBytes(utf8)
    }
}

extension String {
    /// As much of the beginning as fits into so many bytes: whole scalars, or a reader would find one that is broken.
    fileprivate func utf8Prefix(_ count: Int) -> Substring.UTF8View {
        guard utf8.count > count else { return self[...].utf8 }
        var end = utf8.index(utf8.startIndex, offsetBy: count)
        while end.samePosition(in: unicodeScalars) == nil { utf8.formIndex(before: &end) }
        return self[..<end].utf8
    }
}
