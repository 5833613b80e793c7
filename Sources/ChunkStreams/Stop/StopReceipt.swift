/// What became of a stop.
public enum StopReceipt: Sendable, Equatable {
    /// The stream ended as stopped, after this chunk.
    case stopped(atSeq: UInt64)
    /// It had ended before.
    case alreadyEnded(StreamEnd)
    /// No end was seen in time; whoever produces the stream may be cut off.
    case unconfirmed
    /// There is no such stream (any more).
    case unknown
}
