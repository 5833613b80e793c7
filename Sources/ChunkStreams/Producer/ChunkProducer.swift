import NIOConcurrencyHelpers
public import NIOCore

/// Writes one chunk stream: the only writer of its epoch.
///
/// Text is shown to viewers of this node at once and goes to the log as fast as that answers. It is used by one task.
public final class ChunkProducer: Sendable {
    /// The stream that is written.
    public let id: ChunkStreamID
    private let stream: LiveStream

    init(stream: LiveStream) {
        self.id = stream.id
        self.stream = stream
    }

    /// Hands over the next chunk; waits while too much waits for the log.
    ///
    /// - Parameter text: UTF-8 that ends on a Unicode scalar. Empty text is not a chunk and is passed over.
    public func append(_ text: ByteBuffer) async throws(ChunkProducerError) {
        guard text.readableBytes > 0 else { return }
        if try stream.append(text) { await stream.waitForRoom() }
    }

    /// Ends the stream and waits until the log has the end.
    ///
    /// - Returns: The end that viewers see: another one than asked for where the stream was stopped before; `nil` where
    ///   another node has taken the stream.
    public func finish(_ finish: StreamFinish, usage: StreamUsage? = nil) async -> StreamEnd? {
        await stream.finish(finish, usage: usage)
    }

    /// Calls `interrupt` once when the producer has to stop: its stream was stopped, or another node has taken it.
    public func onInterrupt(_ interrupt: @escaping @Sendable () -> Void) {
        let isInterrupted = stream.state.withLockedValue { state in
            guard let production = state.production, production.machine.isOpen, !production.isStopped else {
                return true
            }
            state.production?.onInterrupt = interrupt
            return false
        }
        if isInterrupted { interrupt() }
    }
}

/// Why a producer's text was not taken.
public enum ChunkProducerError: Error, Sendable, Equatable {
    /// The stream was stopped, or another node has taken it.
    case interrupted
    /// The text has reached its bound.
    case tooLong
}
