/// The bounds and times of chunk streams.
public struct ChunkStreamsConfiguration: Sendable {
    /// How long a stream can be resumed after its end.
    public var retention: Duration = .seconds(600)
    /// How long a producer keeps the text after the end, to write it again should the log be lost.
    public var textRetention: Duration = .seconds(60)
    /// The most bytes of texts that a node keeps after their ends; the oldest go first.
    public var maximumRetainedBytes = 64 * 1024 * 1024
    /// The most bytes of one append.
    public var maximumAppendBytes = 64 * 1024
    /// How many bytes may wait for the log before the producer has to wait.
    public var maximumWaitingBytes = 256 * 1024
    /// The most bytes of one stream's text.
    public var maximumTextBytes = 4 * 1024 * 1024
    /// How many bytes a node keeps of a stream that it only follows; viewers that are further behind read the log.
    public var windowBytes = 256 * 1024
    /// After about this silence a follower reads the log's end, and asks the producer when that is silent too.
    public var silence: Duration = .seconds(10)
    /// How long a stream whose producer was lost waits for another one to take it over, where that is possible: before any
    /// text was written, or when a backend feeds it.
    public var takeOverTime: Duration = .seconds(10)
    /// How many producers may be lost before they wrote any text; after that the stream has failed.
    public var maximumBeginnings = 3
    /// How long a stop waits for the end before it is ``StopReceipt/unconfirmed``.
    public var stopDeadline: Duration = .seconds(5)

    /// The defaults.
    public init() {}

    /// The time to live of the keys of a stream that is being written.
    var liveTimeToLive: Duration { retention + .seconds(600) }
}
