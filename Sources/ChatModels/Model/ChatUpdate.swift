public import NIOCore

/// One piece of a reply, as the model handed it over.
public enum ChatUpdate: Sendable, Hashable {
    /// Text to append: UTF-8 that is never empty and begins and ends on Unicode scalar boundaries.
    ///
    /// Bytes rather than a `String`, because every stage after the model stores and sends bytes. A receiver that copies
    /// them out lets the model use the same storage for its next update.
    case text(ByteBuffer)
    /// Text that came before is taken back.
    case retraction(ChatRetraction)
}

/// Text that a content filter takes back after it was handed over.
public struct ChatRetraction: Sendable, Hashable {
    /// How many bytes of the reply's text stay, of UTF-8; the rest goes.
    public var keepBytes: Int
    /// Why: a category of the filter, such as `violence`.
    public var category: String
    /// Text that takes the place of what goes, empty for none.
    public var replacement: String

    public init(keepBytes: Int, category: String, replacement: String = "") {
        self.keepBytes = keepBytes
        self.category = category
        self.replacement = replacement
    }
}
