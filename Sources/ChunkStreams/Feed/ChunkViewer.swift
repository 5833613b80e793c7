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
    /// The text begins again from nothing.
    case restarted(ChunkCursor)
    /// The stream is over.
    case ended(StreamEnd)
    /// The log is gone, and with it the part that was not read yet.
    case lost
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
