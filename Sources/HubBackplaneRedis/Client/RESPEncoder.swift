import HubBackplane
import NIOCore

/// Writes commands, as Redis reads them, into memory that was reserved for them: every command is an array of strings.
///
/// One reservation for a whole command instead of one per length and line end: appends spend most of their time here.
struct RESPEncoder {
    private let bytes: UnsafeMutableRawBufferPointer
    private(set) var count = 0

    fileprivate init(_ bytes: UnsafeMutableRawBufferPointer) { self.bytes = bytes }

    /// The most bytes that a string of this length or a number needs with all that belongs to it.
    static func size(ofString length: Int) -> Int { length + 26 }

    /// Begins a command of this many strings.
    mutating func array(count: Int) { length(UInt8(ascii: "*"), count) }

    mutating func string(_ text: String) {
        var text = text
        text.withUTF8 { string(UnsafeRawBufferPointer($0)) }
    }

    mutating func string(_ buffer: ByteBuffer) {
        buffer.withUnsafeReadableBytes { string($0) }
    }

    mutating func string(_ string: UnsafeRawBufferPointer) {
        length(UInt8(ascii: "$"), string.count)
        raw(string)
        lineEnd()
    }

    mutating func string(_ id: LogID) {
        length(UInt8(ascii: "$"), id.epoch.decimalDigits + 1 + id.seq.decimalDigits)
        decimal(id.epoch)
        byte(UInt8(ascii: "-"))
        decimal(id.seq)
        lineEnd()
    }

    /// Writes what is already as Redis reads it.
    mutating func literal(_ text: StaticString) {
        raw(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    private mutating func length(_ kind: UInt8, _ length: Int) {
        byte(kind)
        decimal(UInt64(length))
        lineEnd()
    }

    private mutating func lineEnd() {
        byte(UInt8(ascii: "\r"))
        byte(UInt8(ascii: "\n"))
    }

    private mutating func decimal(_ number: UInt64) {
        let digits = number.decimalDigits
        var rest = number
        for index in (count..<count + digits).reversed() {
            bytes[index] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
        }
        count += digits
    }

    private mutating func byte(_ byte: UInt8) {
        bytes[count] = byte
        count += 1
    }

    private mutating func raw(_ raw: UnsafeRawBufferPointer) {
        UnsafeMutableRawBufferPointer(rebasing: bytes[count..<count + raw.count]).copyMemory(from: raw)
        count += raw.count
    }
}

@available(*, unavailable)
extension RESPEncoder: Sendable {}

extension ByteBuffer {
    /// Writes commands.
    ///
    /// - Parameter size: The most bytes that `encode` writes.
    mutating func writeCommands(atMost size: Int, encode: (inout RESPEncoder) -> Void) {
        writeWithUnsafeMutableBytes(minimumWritableBytes: size) { bytes in
            var encoder = RESPEncoder(bytes)
            encode(&encoder)
            precondition(encoder.count <= size, "a command was longer than the room reserved for it")
            return encoder.count
        }
    }
}

extension UInt64 {
    fileprivate var decimalDigits: Int {
        var digits = 1
        var rest = self / 10
        while rest > 0 {
            digits += 1
            rest /= 10
        }
        return digits
    }
}
