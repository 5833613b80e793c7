package import NIOCore

/// What a backend wants of a stream that it feeds, at whichever node it asks.
///
/// Places in the text are counted in bytes, so a request that is repeated, or comes out of turn, is known by its place and
/// does no harm.
package enum FedStreamRequest: Sendable, Equatable {
    /// Text from this place on. What is there already is not written twice.
    case append(ByteBuffer, at: UInt64)
    /// The text ends at this place.
    case end(StreamFinish, usage: StreamUsage? = nil, at: UInt64)
    /// How far the text is.
    case look
}

/// What a backend is told.
package enum FedStreamAnswer: Sendable, Equatable {
    /// The text is taken, or was before; there is so much of it now.
    case open(FedStreamPosition)
    /// The text ends somewhere else. Nothing was taken.
    case elsewhere(FedStreamPosition)
    /// There is another text at this place. Nothing was taken.
    case different(FedStreamPosition)
    /// With this there would be more text than a stream may have. Nothing was taken.
    case tooLong(FedStreamPosition)
    /// There is no more text, whoever has ended it.
    case ended(StreamEnd)
    /// The stream is a model's.
    case notFed
    /// There is no such stream (any more).
    case unknown
}

/// How much text a stream has.
package struct FedStreamPosition: Sendable, Equatable {
    package var chunks: UInt64
    package var bytes: UInt64
}
