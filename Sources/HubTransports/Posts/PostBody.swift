package import NIOCore

/// The body of a `POST` that was not read yet.
package struct PostBody {
    /// How many bytes it has; nil where its client does not say.
    let size: Int?
    /// The most bytes that it may have.
    let maximumSize: Int
    /// Is given what is to be called when the client has left.
    let onClientLeft: (@escaping @Sendable () -> Void) -> Void
    /// Reads all of it, up to the time that it gets.
    let read: (NIODeadline) async throws(HubRefusal) -> ByteBuffer

    package init(
        size: Int?, maximumSize: Int, onClientLeft: @escaping (@escaping @Sendable () -> Void) -> Void,
        read: @escaping (NIODeadline) async throws(HubRefusal) -> ByteBuffer
    ) {
        self.size = size
        self.maximumSize = maximumSize
        self.onClientLeft = onClientLeft
        self.read = read
    }
}
