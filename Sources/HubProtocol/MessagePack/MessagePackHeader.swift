import NIOCore

/// The beginning of a MessagePack value (MessagePack specification, "Formats"): all of a scalar, or how much follows.
enum MessagePackHeader: Equatable {
    case null
    case bool(Bool)
    /// Any of the signed forms.
    case integer(Int64)
    /// Any of the unsigned forms.
    case unsigned(UInt64)
    case float(Float)
    case double(Double)
    /// So many bytes of UTF-8 follow.
    case string(Int)
    /// So many bytes follow.
    case binary(Int)
    /// So many values follow.
    case array(Int)
    /// So many keys follow, each with a value behind it.
    case map(Int)
    /// So many bytes of an application's or a predefined type follow.
    case extended(type: Int8, Int)
}

extension Span<UInt8> {
    /// Reads a header at `position`, which moves behind it; nil where it is cut off, and for 0xC1, which means nothing.
    func messagePackHeader(at position: inout Int) -> MessagePackHeader? {
        guard let first = bigEndian(at: &position, as: UInt8.self) else { return nil }
        switch first {
        case 0x00...0x7F: return .unsigned(UInt64(first))
        case 0x80...0x8F: return .map(Int(first & 0x0F))
        case 0x90...0x9F: return .array(Int(first & 0x0F))
        case 0xA0...0xBF: return .string(Int(first & 0x1F))
        case 0xC0: return .null
        case 0xC1: return nil
        case 0xC2: return .bool(false)
        case 0xC3: return .bool(true)
        case 0xC4: return size(at: &position, as: UInt8.self).map { .binary($0) }
        case 0xC5: return size(at: &position, as: UInt16.self).map { .binary($0) }
        case 0xC6: return size(at: &position, as: UInt32.self).map { .binary($0) }
        case 0xC7: return size(at: &position, as: UInt8.self).flatMap { extended($0, at: &position) }
        case 0xC8: return size(at: &position, as: UInt16.self).flatMap { extended($0, at: &position) }
        case 0xC9: return size(at: &position, as: UInt32.self).flatMap { extended($0, at: &position) }
        case 0xCA: return bigEndian(at: &position, as: UInt32.self).map { .float(Float(bitPattern: $0)) }
        case 0xCB: return bigEndian(at: &position, as: UInt64.self).map { .double(Double(bitPattern: $0)) }
        case 0xCC: return bigEndian(at: &position, as: UInt8.self).map { .unsigned(UInt64($0)) }
        case 0xCD: return bigEndian(at: &position, as: UInt16.self).map { .unsigned(UInt64($0)) }
        case 0xCE: return bigEndian(at: &position, as: UInt32.self).map { .unsigned(UInt64($0)) }
        case 0xCF: return bigEndian(at: &position, as: UInt64.self).map { .unsigned($0) }
        case 0xD0: return bigEndian(at: &position, as: Int8.self).map { .integer(Int64($0)) }
        case 0xD1: return bigEndian(at: &position, as: Int16.self).map { .integer(Int64($0)) }
        case 0xD2: return bigEndian(at: &position, as: Int32.self).map { .integer(Int64($0)) }
        case 0xD3: return bigEndian(at: &position, as: Int64.self).map { .integer($0) }
        case 0xD4...0xD8: return extended(1 << Int(first - 0xD4), at: &position)
        case 0xD9: return size(at: &position, as: UInt8.self).map { .string($0) }
        case 0xDA: return size(at: &position, as: UInt16.self).map { .string($0) }
        case 0xDB: return size(at: &position, as: UInt32.self).map { .string($0) }
        case 0xDC: return size(at: &position, as: UInt16.self).map { .array($0) }
        case 0xDD: return size(at: &position, as: UInt32.self).map { .array($0) }
        case 0xDE: return size(at: &position, as: UInt16.self).map { .map($0) }
        case 0xDF: return size(at: &position, as: UInt32.self).map { .map($0) }
        default: return .integer(Int64(Int8(bitPattern: first)))
        }
    }

    private func size<Integer: FixedWidthInteger>(at position: inout Int, as type: Integer.Type) -> Int? {
        bigEndian(at: &position, as: type).map { Int($0) }
    }

    private func extended(_ size: Int, at position: inout Int) -> MessagePackHeader? {
        bigEndian(at: &position, as: Int8.self).map { .extended(type: $0, size) }
    }

    private func bigEndian<Integer: FixedWidthInteger>(at position: inout Int, as type: Integer.Type) -> Integer? {
        let size = MemoryLayout<Integer>.size
        guard position + size <= count else { return nil }
        var value: Integer = 0
        for offset in position..<position + size { value = value << 8 | Integer(truncatingIfNeeded: self[offset]) }
        position += size
        return value
    }
}
