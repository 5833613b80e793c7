import Foundation
import HubProtocol

/// A `partial` message as servers write it, read by its place: decoding it as any message, for every chunk, would cost the
/// load test more CPU than the server it measures.
struct PartialRecord {
    let messageID: UnsafeRawBufferPointer
    /// UTF-8.
    let text: UnsafeRawBufferPointer
    /// What is behind the text: the cursor, and the message's end.
    private let rest: UnsafeRawBufferPointer

    /// `nil` for any other message, and in JSON for a partial whose text has escapes.
    init?(_ bytes: UnsafeRawBufferPointer, _ encoding: HubEncoding) {
        let strings =
            switch encoding {
            case .json: Self.jsonStrings(bytes)
            case .messagePack: Self.messagePackStrings(bytes)
            }
        guard let (messageID, text) = strings else { return nil }
        self.messageID = UnsafeRawBufferPointer(rebasing: bytes[messageID])
        self.text = UnsafeRawBufferPointer(rebasing: bytes[text])
        rest = UnsafeRawBufferPointer(rebasing: bytes[text.upperBound...])
    }

    /// Where the reply can be resumed; 0 where the server tells none.
    func cursor(_ encoding: HubEncoding) -> Int64 {
        switch encoding {
        case .json: rest.dropFirst(2).prefix { (0x30...0x39).contains($0) }.reduce(0) { $0 &* 10 &+ Int64($1 - 0x30) }
        case .messagePack: Self.messagePackInteger(rest)
        }
    }
}

// MARK: JSON

extension PartialRecord {
    private static let jsonBeginning: StaticString = "{\"type\":1,\"target\":\"partial\",\"arguments\":[\""

    private static func jsonStrings(_ bytes: UnsafeRawBufferPointer) -> (Range<Int>, Range<Int>)? {
        let beginning = UnsafeRawBufferPointer(
            start: jsonBeginning.utf8Start, count: jsonBeginning.utf8CodeUnitCount)
        let start = beginning.count
        guard bytes.begins(with: beginning), let idEnd = endOfJSONString(bytes, from: start),
            idEnd + 2 < bytes.count, bytes[idEnd + 1] == UInt8(ascii: ","), bytes[idEnd + 2] == UInt8(ascii: "\""),
            let textEnd = endOfJSONString(bytes, from: idEnd + 3)
        else { return nil }
        return (start..<idEnd, idEnd + 3..<textEnd)
    }

    private static func endOfJSONString(_ bytes: UnsafeRawBufferPointer, from start: Int) -> Int? {
        var position = start
        while position < bytes.count {
            switch bytes[position] {
            case UInt8(ascii: "\""): return position
            case UInt8(ascii: "\\"): return nil
            default: position += 1
            }
        }
        return nil
    }
}

// MARK: MessagePack

extension PartialRecord {
    /// An array of six: the type, no headers, no invocation id, the target, and its three arguments.
    private static let messagePackBeginning: [UInt8] =
        [0x96, 0x01, 0x80, 0xC0, 0xA7] + Array("partial".utf8) + [0x93]

    private static func messagePackStrings(_ bytes: UnsafeRawBufferPointer) -> (Range<Int>, Range<Int>)? {
        let begins = messagePackBeginning.withUnsafeBytes { bytes.begins(with: $0) }
        guard begins, let id = messagePackString(bytes, at: messagePackBeginning.count),
            let text = messagePackString(bytes, at: id.upperBound)
        else { return nil }
        return (id, text)
    }

    /// Behind its first byte a larger number has one, two, four or eight.
    private static func messagePackInteger(_ bytes: UnsafeRawBufferPointer) -> Int64 {
        guard let first = bytes.first else { return 0 }
        if first < 0x80 { return Int64(first) }
        guard (0xCC...0xD3).contains(first) else { return 0 }
        let size = 1 << Int(first & 3)
        return bytes.dropFirst().prefix(size).reduce(0) { $0 << 8 | Int64($1) }
    }

    /// Where the content of a string lies: its length is in the first byte, or in one, two or four behind it.
    private static func messagePackString(_ bytes: UnsafeRawBufferPointer, at start: Int) -> Range<Int>? {
        guard start < bytes.count else { return nil }
        let size: Int
        var length = 0
        switch bytes[start] {
        case let first where first & 0xE0 == 0xA0: (size, length) = (0, Int(first & 0x1F))
        case 0xD9: size = 1
        case 0xDA: size = 2
        case 0xDB: size = 4
        default: return nil
        }
        guard start + 1 + size <= bytes.count else { return nil }
        for byte in bytes[(start + 1)..<(start + 1 + size)] { length = length << 8 | Int(byte) }
        let content = start + 1 + size
        guard length <= bytes.count - content else { return nil }
        return content..<content + length
    }
}

extension UnsafeRawBufferPointer {
    /// Whether both are the same bytes.
    func equals(_ other: UnsafeRawBufferPointer) -> Bool { count == other.count && begins(with: other) }

    fileprivate func begins(with other: UnsafeRawBufferPointer) -> Bool {
        guard let start = baseAddress, let otherStart = other.baseAddress else { return other.isEmpty }
        return count >= other.count && memcmp(start, otherStart, other.count) == 0
    }
}
