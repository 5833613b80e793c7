package import NIOCore

/// One element of a server stream or of an upload stream.
package struct StreamItemMessage: Sendable, Equatable {
    package var invocationID: String
    /// The raw value in the connection's encoding.
    package var item: ByteBuffer

    package init(invocationID: String, item: ByteBuffer) {
        self.invocationID = invocationID
        self.item = item
    }
}
