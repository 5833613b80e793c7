public import NIOCore

/// One piece of a reply's text, as the model handed it over.
public struct ChatUpdate: Sendable, Hashable {
    /// UTF-8 that is never empty and begins and ends on Unicode scalar boundaries.
    ///
    /// Bytes rather than a `String`, because every stage after the model stores and sends bytes. A receiver that copies
    /// them out lets the model use the same storage for its next update.
    public var text: ByteBuffer

    public init(text: ByteBuffer) {
        self.text = text
    }
}
