import NIOCore

/// A reply of Redis (RESP2).
enum RESPValue: Sendable, Equatable {
    case string(ByteBuffer)
    case array([RESPValue])
    case integer(Int)
    case status(String)
    case error(String)
    case null

    /// Copies a reply out of hiredis' memory.
    ///
    /// - Parameter readsPayloads: `false` leaves strings empty, for commands that only ask whether there was one.
    init(_ reply: RESPReply, readsPayloads: Bool = true) {
        switch reply.kind {
        case .string: self = .string(readsPayloads ? ByteBuffer(bytes: reply.bytes) : ByteBuffer())
        case .integer: self = .integer(reply.integer)
        case .null: self = .null
        case .status: self = .status(String(decoding: reply.bytes, as: UTF8.self))
        case .error: self = .error(String(decoding: reply.bytes, as: UTF8.self))
        case .array:
            self = .array(
                (0..<reply.count).map { reply[$0].map { RESPValue($0, readsPayloads: readsPayloads) } ?? .null })
        case .unknown: self = .error("ERR a reply of a type that RESP2 does not have")
        }
    }

    var string: ByteBuffer? {
        if case .string(let bytes) = self { bytes } else { nil }
    }

    var array: [RESPValue]? {
        if case .array(let values) = self { values } else { nil }
    }

    var integer: Int? {
        if case .integer(let value) = self { value } else { nil }
    }

    /// The number that a string holds.
    var number: Int64? { string.flatMap { Int64(String(buffer: $0)) } }

    var error: String? {
        if case .error(let message) = self { message } else { nil }
    }
}
