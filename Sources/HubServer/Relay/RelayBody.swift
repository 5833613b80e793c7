import NIOCore

/// A body that comes in pieces, each when the one before it was received.
struct RelayBody: Sendable {
    /// The most pieces that a body may have.
    private static let limit = 1024

    private let count: Int
    /// How many pieces came.
    private(set) var received = 0
    private var bytes = ByteBuffer()

    init(count: Int) { self.count = min(count, Self.limit) }

    mutating func receive(_ piece: ByteBuffer, piece index: Int) {
        guard index == received, received < count else { return }
        received += 1
        bytes.writeImmutableBuffer(piece)
    }

    /// All of it, once it is there.
    var whole: ByteBuffer? { received == count && count > 0 ? bytes : nil }
}
