public import NIOCore
import Synchronization

/// Writes one chunk stream: the only writer of its epoch.
///
/// Text is shown to viewers of this node at once and goes to the log as fast as that answers; while the node's lease is
/// overdue it waits. It is used by one task. A stream whose producer is dropped without an end ends as failed.
public final class ChunkProducer: Sendable {
    /// The stream that is written.
    public let id: ChunkStreamID
    let stream: LiveStream

    init(stream: LiveStream) {
        self.id = stream.id
        self.stream = stream
    }

    deinit { stream.abandon() }

    /// Hands over the next chunk; waits while too much waits for the log.
    ///
    /// - Parameter text: UTF-8 that ends on a Unicode scalar. Empty text is not a chunk and is passed over.
    public func append(_ text: ByteBuffer) async throws(ChunkProducerError) {
        guard text.readableBytes > 0 else { return }
        if try stream.append(text) { await stream.waitForRoom() }
    }

    /// Takes back text, for those who have read it and for those who will: they read what stays, and what takes its place.
    ///
    /// - Parameters:
    ///   - keepBytes: How many bytes of the text stay, of UTF-8; fewer where that would cut a Unicode scalar.
    ///   - category: Why, as a word that programs compare.
    ///   - replacement: What takes the place of the text that goes.
    public func retract(
        keeping keepBytes: Int, category: String, replacement: String = ""
    ) throws(ChunkProducerError) {
        try stream.retract(keeping: keepBytes, category: category, replacement: ByteBuffer(string: replacement))
    }

    /// The text so far, as it stands.
    public var text: ByteBuffer { stream.state.withLock { $0.content.text.all } }

    /// Ends the stream and waits until the log has the end.
    ///
    /// - Returns: The end that viewers see: another one than asked for where the stream was stopped before; `nil` where
    ///   another node has taken the stream.
    public func finish(_ finish: StreamFinish, usage: StreamUsage? = nil) async -> StreamEnd? {
        await stream.finish(finish, usage: usage)
    }

    /// Calls `interrupt` once when the producer has to stop: its stream was stopped, or another node has taken it.
    public func onInterrupt(_ interrupt: @escaping @Sendable () -> Void) {
        let isInterrupted = stream.state.withLock { state in
            guard let production = state.production, production.machine.isOpen, !production.isStopped else {
                return true
            }
            state.production?.onInterrupt = interrupt
            return false
        }
        if isInterrupted { interrupt() }
    }
}

extension ChunkProducer {
    /// Calls `body` once when text or the end is in the log: on any thread, under the stream's lock, so it must only pass the
    /// word on. Until then another node may begin the stream anew should this one be lost; what that needs has to be kept.
    public func onLogged(_ body: @escaping @Sendable () -> Void) {
        let isLogged = stream.state.withLock { state in
            guard let machine = state.production?.machine else { return false }
            if machine.acknowledged > 0 || machine.hasEnded { return true }
            state.production?.onLogged = body
            return false
        }
        if isLogged { body() }
    }
}

/// Why a producer's text was not taken.
public enum ChunkProducerError: Error, Sendable, Equatable {
    /// The stream was stopped, or another node has taken it.
    case interrupted
    /// The text has reached its bound, or was taken back too often.
    case tooLong
}
