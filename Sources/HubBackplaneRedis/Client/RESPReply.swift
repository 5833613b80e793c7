import CHiredis

/// A reply in hiredis' memory, valid only while it is being handed over.
struct RESPReply {
    enum Kind {
        case string, array, integer, null, status, error, unknown
    }

    private let reply: UnsafePointer<redisReply>

    init(_ reply: UnsafePointer<redisReply>) { self.reply = reply }

    var kind: Kind {
        switch reply.pointee.type {
        case REDIS_REPLY_STRING: .string
        case REDIS_REPLY_ARRAY: .array
        case REDIS_REPLY_INTEGER: .integer
        case REDIS_REPLY_NIL: .null
        case REDIS_REPLY_STATUS: .status
        case REDIS_REPLY_ERROR: .error
        default: .unknown
        }
    }

    /// The value of an integer.
    var integer: Int { Int(reply.pointee.integer) }

    /// The bytes of a string, a status or an error.
    var bytes: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: reply.pointee.str, count: Int(reply.pointee.len))
    }

    /// The number of elements of an array.
    var count: Int { kind == .array ? Int(reply.pointee.elements) : 0 }

    /// An element of an array.
    subscript(index: Int) -> RESPReply? {
        guard index < count, let element = reply.pointee.element[index] else { return nil }
        return RESPReply(element)
    }
}

@available(*, unavailable)
extension RESPReply: Sendable {}
