public import NIOCore

/// Who wants to know that a viewer has something to read.
public protocol ChunkViewerSink: AnyObject, Sendable {
    /// There is something for ``ChunkViewer/next(limit:)``. Called once until that has told that nothing more waits, on
    /// any thread, under the stream's lock: it must only pass the word on.
    func viewerHasNews()
}

/// What a viewer sees next.
public enum ChunkViewerEvent: Sendable, Equatable {
    /// Text, merged from all chunks that waited, and the cursor of the last of them.
    case text(ByteBuffer, ChunkCursor)
    /// Text was taken back: comes before any other text to whoever has not read up to it.
    case retracted(ChunkRetraction, ChunkCursor)
    /// The text begins again from nothing.
    case restarted(ChunkCursor)
    /// The stream is over.
    case ended(StreamEnd)
    /// The log is gone, and with it the part that was not read yet.
    case lost
}

/// What is left of a text of which some was taken back.
public struct ChunkRetraction: Sendable, Equatable {
    /// How much of the whole text stays, in UTF-16 units; the rest of what was read goes. Who has read less keeps all of it.
    public var keepUTF16: UInt64
    /// The same in bytes of UTF-8.
    public var keepBytes: UInt64
    /// Why, as a word that programs compare, such as `violence`.
    public var category: String
    /// UTF-8 that takes the place of what goes; empty where nothing does, or where the reader has to read text before it: then
    /// it comes as text.
    public var replacement: ByteBuffer

    /// Creates what a reader is told.
    public init(keepUTF16: UInt64, keepBytes: UInt64, category: String, replacement: ByteBuffer = ByteBuffer()) {
        self.keepUTF16 = keepUTF16
        self.keepBytes = keepBytes
        self.category = category
        self.replacement = replacement
    }
}

/// One reader of a chunk stream, at its own place in the text.
///
/// A viewer is pulled: text that is not asked for waits in one place for all viewers of the stream on this node, so a
/// slow reader costs nothing and gets fewer, longer pieces.
public final class ChunkViewer: Sendable {
    private let stream: LiveStream
    private let number: Int

    init(stream: LiveStream, number: Int) {
        self.stream = stream
        self.number = number
    }

    /// The next event, `nil` when there is none right now.
    ///
    /// - Parameter limit: The most bytes of a text, more only where a single chunk has more.
    /// - Returns: The event, and whether another may follow at once. Where not, the sink is told when there is one again;
    ///   asking once more does no harm.
    public func next(limit: Int) -> (event: ChunkViewerEvent, hasMore: Bool)? {
        stream.nextEvent(ofViewer: number, limit: limit)
    }

    /// Nobody reads any more. Done by itself after ``ChunkViewerEvent/ended(_:)`` and ``ChunkViewerEvent/lost``.
    public func cancel() {
        stream.removeViewer(number)
    }
}
