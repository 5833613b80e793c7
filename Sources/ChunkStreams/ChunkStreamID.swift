/// The id of a chunk stream: 128 random bits as 32 lower-case hex digits, the form of .NET's Guid "N".
///
/// Where nobody is authenticated, whoever knows the id holds the stream.
public struct ChunkStreamID: Hashable, Sendable, CustomStringConvertible {
    /// The 32 digits.
    public let rawValue: String

    /// A new random id.
    public init() {
        var generator = SystemRandomNumberGenerator()
        rawValue = Self.hex(generator.next()) + Self.hex(generator.next())
    }

    /// The id with these digits, `nil` where they are not 32 lower-case hex digits.
    public init?(_ digits: String) {
        let utf8 = digits.utf8
        guard utf8.count == 32,
            utf8.allSatisfy({ (0x30...0x39).contains($0) || (0x61...0x66).contains($0) })
        else { return nil }
        rawValue = digits
    }

    public var description: String { rawValue }

    /// What logs say of the stream, its first 8 digits: enough to find it again, and too few for whoever reads a log to
    /// resume or stop it.
    package var logged: Substring { rawValue.prefix(8) }

    private static func hex(_ bits: UInt64) -> String {
        let digits = String(bits, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
