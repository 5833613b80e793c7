/// How far a client has read a stream: an opaque number to clients that only ever grows, exact in a JavaScript number.
///
/// Its value is (epoch of the text − 1) × 2³² + seq of the last chunk.
public struct ChunkCursor: Hashable, Comparable, Sendable {
    /// The epoch in which the text began.
    public var textEpoch: UInt64
    /// The last chunk that was read, 0 for none.
    public var seq: UInt64

    /// The beginning of the first text.
    public static let start = ChunkCursor(textEpoch: 1, seq: 0)

    /// Creates a cursor.
    public init(textEpoch: UInt64, seq: UInt64) {
        self.textEpoch = textEpoch
        self.seq = seq
    }

    /// The cursor of a number that came from a client; `nil` where the number cannot be one.
    public init?(rawValue: Int64) {
        guard rawValue >= 0, rawValue < 1 << 53 else { return nil }
        textEpoch = UInt64(rawValue >> 32) + 1
        seq = UInt64(rawValue & 0xFFFF_FFFF)
    }

    /// The number that clients see.
    public var rawValue: Int64 { Int64((textEpoch - 1) << 32 | seq) }

    public static func < (left: ChunkCursor, right: ChunkCursor) -> Bool {
        (left.textEpoch, left.seq) < (right.textEpoch, right.seq)
    }
}
