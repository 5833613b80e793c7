import FoundationEssentials
import HubProtocol
import NIOCore

extension JSONWriter {
    /// - Throws: `EncodingError` for infinities and for what is not a number, which JSON does not have.
    mutating func value(_ value: HubValue) throws {
        switch value {
        case .null: null()
        case .bool(let value): bool(value)
        case .integer(let value): integer(Int(value))
        case .unsigned(let value): integer(value)
        case .double(let value): try finite(value)
        case .float(let value): try finite(value)
        case .string(let value): string(value)
        case .decimal(let value): raw(ByteBuffer(string: value.description))
        case .data(let value): string(value.base64EncodedString())
        case .date(let value): string(value.iso8601)
        case .array(let elements):
            beginArray()
            for element in elements { try self.value(element) }
            endArray()
        case .object(let members):
            beginObject()
            for (name, value) in members {
                key(escaping: name)
                try self.value(value)
            }
            endObject()
        }
    }

    private mutating func finite(_ value: some BinaryFloatingPoint & CustomStringConvertible) throws {
        guard value.isFinite else {
            let context = EncodingError.Context(codingPath: [], debugDescription: "JSON has no number for \(value).")
            throw EncodingError.invalidValue(value, context)
        }
        number(value)
    }
}

extension MessagePackWriter {
    mutating func value(_ value: HubValue) {
        switch value {
        case .null: null()
        case .bool(let value): bool(value)
        case .integer(let value): integer(value)
        case .unsigned(let value): integer(value)
        case .double(let value): number(value)
        case .float(let value): number(value)
        case .string(let value): string(value)
        case .decimal(let value): string(value.description)
        case .data(let value): binary(ByteBuffer(bytes: value))
        case .date(let value): date(value)
        case .array(let elements):
            beginArray(elements.count)
            for element in elements { self.value(element) }
        case .object(let members):
            beginMap(members.count)
            for (name, value) in members {
                string(name)
                self.value(value)
            }
        }
    }

    /// To the microsecond: a `Date` of our days knows no more.
    private mutating func date(_ date: Date) {
        let microseconds = (date.timeIntervalSince1970 * 1_000_000).rounded()
        // Far beyond any calendar; a time that cannot be told is the nearest that can.
        let whole = Int64(min(max(microseconds, -0x1p62), 0x1p62))
        let (seconds, rest) = whole.quotientAndRemainder(dividingBy: 1_000_000)
        let isBefore = rest < 0
        timestamp(
            seconds: isBefore ? seconds - 1 : seconds, nanoseconds: UInt32((isBefore ? rest + 1_000_000 : rest) * 1000))
    }
}

extension Date {
    fileprivate var iso8601: String {
        let milliseconds = (timeIntervalSince1970 * 1000).rounded()
        let hasFraction = milliseconds.truncatingRemainder(dividingBy: 1000) != 0
        return formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: hasFraction))
    }
}
