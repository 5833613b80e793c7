/// The path and query of a request line.
package struct RequestTarget: Sendable {
    /// As it came.
    package let path: Substring
    /// Names and values, percent-decoded, in their order.
    package let query: [(name: String, value: String)]

    package init(_ target: String) {
        let withoutFragment = target.prefix { $0 != "#" }
        path = withoutFragment.prefix { $0 != "?" }
        query = withoutFragment.dropFirst(path.count + 1).split(separator: "&").map { field in
            let name = field.prefix { $0 != "=" }
            return (Self.decode(name), Self.decode(field.dropFirst(name.count + 1)))
        }
    }

    /// The first value of this name; names of the query are matched without regard to case, as in ASP.NET.
    package func value(_ name: String) -> String? {
        query.first { $0.name.lowercased() == name }?.value
    }

    /// Decodes a segment of a path, where a plus is a plus.
    static func decode(path text: some StringProtocol) -> String { decode(Substring(text), plus: UInt8(ascii: "+")) }

    private static func decode(_ text: Substring, plus: UInt8 = UInt8(ascii: " ")) -> String {
        guard text.utf8.contains(where: { $0 == UInt8(ascii: "%") || $0 == UInt8(ascii: "+") }) else {
            return String(text)
        }
        var bytes: [UInt8] = []
        var rest = text.utf8
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
