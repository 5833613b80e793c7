import ChunkStreams

/// What `AskAi` and `StreamAi` accept beside the prompt. Members that they do not know are ignored.
struct AskOptions: Decodable, Sendable {
    /// The reply's id where the client chooses it: 128 random bits as 32 lower-case hex digits. A client that knows the id
    /// before it asks can resume the reply when the answer was lost with its connection.
    var messageId: String?
    /// What is asked goes on with a conversation: the model is told what was said in it before.
    var conversationId: String?
}

/// The result of `AskAi`, once the reply has ended.
struct AskResult: Encodable, Sendable {
    let messageId: String
    /// `completed`, `stopped`, `filtered` or `failed`.
    let finish: String
}

/// The result of `Resume`.
struct ResumeResult: Encodable, Sendable {
    enum Status: String, Encodable, Sendable, CaseIterable {
        /// The rest of the text follows, and the reply goes on.
        case resumed
        /// The rest of the text follows, and the end.
        case ended
        /// There is no such reply (any more).
        case gone
        /// It is somebody else's.
        case forbidden
    }

    let messageId: String
    let status: Status
    /// How it ended, where it has.
    var finish: String?
}

/// The result of `Stop`.
struct StopResult: Encodable, Sendable {
    enum Status: String, Encodable, Sendable, CaseIterable {
        case stopped
        case alreadyEnded
        /// It was asked for, but no end was seen in time.
        case unconfirmed
        case gone
        case forbidden
    }

    let messageId: String
    let status: Status
    /// The last chunk of a reply that was stopped.
    var atSeq: UInt64?
    /// How it had ended, where it had.
    var finish: String?
}

extension StreamFinish {
    /// The word that clients compare.
    var word: String {
        switch self {
        case .completed: "completed"
        case .stopped: "stopped"
        case .filtered: "filtered"
        case .failed: "failed"
        }
    }
}

extension StreamProblem {
    static let unavailable = StreamProblem(
        code: "unavailable", message: "The server cannot take questions right now.", retryable: true)
    static let noWorker = StreamProblem(
        code: "no_worker", message: "No server was free to answer in time.", retryable: true)
    static let tooLong = StreamProblem(
        code: "reply_too_long", message: "The reply grew longer than this server allows.", retryable: false)
    static let shuttingDown = StreamProblem(
        code: "shutting_down", message: "The server was restarted before the reply was complete.", retryable: true)
    static let noAudience = StreamProblem(
        code: "no_audience", message: "Nobody was there to see the reply.", retryable: true)
    static let internalError = StreamProblem(
        code: "internal", message: "The reply failed on the server.", retryable: true)
}
