import Foundation

/// A `partial` record as servers write it, read by its place: decoding JSON for every chunk would cost the load test more
/// CPU than the server it measures.
struct PartialRecord {
    private static let beginning: StaticString = "{\"type\":1,\"target\":\"partial\",\"arguments\":[\""

    let messageID: UnsafeRawBufferPointer
    /// UTF-8 without escapes.
    let text: UnsafeRawBufferPointer

    /// `nil` for any other record, also for a partial whose text has escapes.
    init?(_ bytes: UnsafeRawBufferPointer) {
        let beginning = UnsafeRawBufferPointer(
            start: Self.beginning.utf8Start, count: Self.beginning.utf8CodeUnitCount)
        let start = beginning.count
        guard bytes.count > start, bytes.begins(with: beginning),
            let idEnd = Self.endOfString(bytes, from: start),
            idEnd + 2 < bytes.count, bytes[idEnd + 1] == UInt8(ascii: ","), bytes[idEnd + 2] == UInt8(ascii: "\""),
            let textEnd = Self.endOfString(bytes, from: idEnd + 3)
        else { return nil }
        messageID = UnsafeRawBufferPointer(rebasing: bytes[start..<idEnd])
        text = UnsafeRawBufferPointer(rebasing: bytes[(idEnd + 3)..<textEnd])
    }

    private static func endOfString(_ bytes: UnsafeRawBufferPointer, from start: Int) -> Int? {
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

extension UnsafeRawBufferPointer {
    /// Whether both are the same bytes.
    func equals(_ other: UnsafeRawBufferPointer) -> Bool { count == other.count && begins(with: other) }

    fileprivate func begins(with other: UnsafeRawBufferPointer) -> Bool {
        guard let start = baseAddress, let otherStart = other.baseAddress else { return other.isEmpty }
        return count >= other.count && memcmp(start, otherStart, other.count) == 0
    }
}
