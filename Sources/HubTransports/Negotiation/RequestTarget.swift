/// The path and query of a request line.
package struct RequestTarget: Sendable {
    /// As it came.
    package let path: Substring
    /// Names and values, percent-decoded, in their order.
    package let query: [(name: String, value: String)]

    package init(_ target: String) {
        // By bytes, as every other reader of a target does: a combining mark makes a separator part of another character.
        let withoutFragment = target.utf8.prefix { $0 != UInt8(ascii: "#") }
        let path = withoutFragment.prefix { $0 != UInt8(ascii: "?") }
        self.path = Substring(path)
        query = withoutFragment[path.endIndex...].dropFirst().split(separator: UInt8(ascii: "&")).map { field in
            let name = field.prefix { $0 != UInt8(ascii: "=") }
            return (Self.decode(name), Self.decode(field[name.endIndex...].dropFirst()))
        }
    }

    /// The first value of this name; names of the query are matched without regard to case, as in ASP.NET.
    package func value(_ name: String) -> String? {
        query.first { $0.name.lowercased() == name }?.value
    }

    /// Decodes a segment of a path, where a plus is a plus.
    static func decode(path text: Substring.UTF8View) -> String { decode(text, plus: UInt8(ascii: "+")) }

    private static func decode(_ text: Substring.UTF8View, plus: UInt8 = UInt8(ascii: " ")) -> String {
        guard text.contains(where: { $0 == UInt8(ascii: "%") || $0 == UInt8(ascii: "+") }) else {
            return String(Substring(text))
        }
        var bytes: [UInt8] = []
        var rest = text
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "+"):
                bytes.append(plus)
            case UInt8(ascii: "%"):
                // Not as a number, which might have a sign.
                let digits = rest.prefix(2).compactMap { Character(Unicode.Scalar($0)).hexDigitValue }
                if digits.count == 2 {
                    bytes.append(UInt8(digits[0] << 4 | digits[1]))
                    rest = rest.dropFirst(2)
                } else {
                    bytes.append(byte)
                }
            default:
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
