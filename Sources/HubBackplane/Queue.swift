public import NIOCore

/// An item taken from a queue.
public struct QueueItem: Sendable, Identifiable {
    /// The item's place in the queue; opaque.
    public struct ID: Hashable, Sendable {
        public let rawValue: String

        /// Creates an id; for implementations of ``Backplane``.
        public init(_ rawValue: String) { self.rawValue = rawValue }
    }

    public let id: ID
    public let payload: ByteBuffer
    /// When it was put into the queue, by the backplane's clock, in milliseconds since 1970.
    public let enqueuedAt: Int64

    /// Creates an item; for implementations of ``Backplane``.
    public init(id: ID, payload: ByteBuffer, enqueuedAt: Int64) {
        self.id = id
        self.payload = payload
        self.enqueuedAt = enqueuedAt
    }
}
