/// The stamp at the beginning of a synthetic chunk: `t=NANOSECONDS;#K;`.
struct Stamp: Equatable {
    /// Of the monotonic clock when the chunk was produced.
    var nanoseconds: UInt64
    /// Counted from 1.
    var number: Int

    /// Finds all stamps of a text.
    static func forEach(in text: UnsafeRawBufferPointer, _ body: (Stamp) -> Void) {
        var position = 0
        while position < text.count {
            guard text[position] == UInt8(ascii: "t") else {
                position += 1
                continue
            }
            if let (stamp, end) = read(text, at: position) {
                body(stamp)
                position = end
            } else {
                position += 1
            }
        }
    }

    private static func read(_ text: UnsafeRawBufferPointer, at start: Int) -> (Stamp, end: Int)? {
        guard start + 1 < text.count, text[start + 1] == UInt8(ascii: "="),
            let (nanoseconds, middle) = readDecimal(text, at: start + 2), middle + 1 < text.count,
            text[middle] == UInt8(ascii: ";"), text[middle + 1] == UInt8(ascii: "#"),
            let (number, end) = readDecimal(text, at: middle + 2), end < text.count,
            text[end] == UInt8(ascii: ";"), number > 0
        else { return nil }
        return (Stamp(nanoseconds: nanoseconds, number: Int(number)), end + 1)
    }

    /// A number of at most 18 digits, which cannot overflow.
    private static func readDecimal(_ text: UnsafeRawBufferPointer, at start: Int) -> (UInt64, end: Int)? {
        var value: UInt64 = 0
        var position = start
        while position < text.count, position < start + 18 {
            let digit = text[position] &- UInt8(ascii: "0")
            guard digit < 10 else { break }
            value = value &* 10 &+ UInt64(digit)
            position += 1
        }
        return position > start ? (value, position) : nil
    }
}
