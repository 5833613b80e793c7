/// Walks over MessagePack values and refuses what is cut off, claims more than there is, or lies too deep.
///
/// It finds where values begin and end and decodes none of them; like ``JSONScanner`` it is passed the bytes with each call.
struct MessagePackScanner {
    private(set) var position = 0
    private var depth = 0

    func expectEnd(of bytes: Span<UInt8>) throws(HubProtocolError) {
        guard position == bytes.count else { throw .malformed }
    }

    /// Steps over one value.
    /// - Returns: where the value lies.
    @discardableResult
    mutating func skipValue(in bytes: Span<UInt8>) throws(HubProtocolError) -> Range<Int> {
        let start = position
        switch try header(in: bytes) {
        case .null, .bool, .integer, .unsigned, .float, .double: break
        case .string(let size), .binary(let size), .extended(_, let size): position += size
        case .array(let count): try skipValues(count, in: bytes)
        case .map(let count): try skipValues(2 * count, in: bytes)
        }
        return start..<position
    }

    /// Steps over the beginning of an array, whose elements are then skipped as values.
    /// - Returns: how many elements it has; nil for what is not an array.
    mutating func beginArray(in bytes: Span<UInt8>) throws(HubProtocolError) -> Int? {
        guard case .array(let count) = try header(in: bytes) else { return nil }
        try descend()
        return count
    }

    private mutating func skipValues(_ count: Int, in bytes: Span<UInt8>) throws(HubProtocolError) {
        try descend()
        for _ in 0..<count { try skipValue(in: bytes) }
        depth -= 1
    }

    private mutating func descend() throws(HubProtocolError) {
        guard depth < MessagePackHubProtocol.maximumDepth else {
            throw HubProtocolError(.nestedTooDeeply, "The MessagePack value is nested too deeply.")
        }
        depth += 1
    }

    /// A value is one byte at least, so nothing larger than what is left can be claimed.
    private mutating func header(in bytes: Span<UInt8>) throws(HubProtocolError) -> MessagePackHeader {
        guard let header = bytes.messagePackHeader(at: &position) else { throw .malformed }
        let size =
            switch header {
            case .null, .bool, .integer, .unsigned, .float, .double: 0
            case .string(let size), .binary(let size), .extended(_, let size), .array(let size): size
            case .map(let count): 2 * count
            }
        guard size <= bytes.count - position else { throw .malformed }
        return header
    }
}

extension HubProtocolError {
    fileprivate static let malformed = HubProtocolError(.malformedMessagePack, "The message is not valid MessagePack.")
}
