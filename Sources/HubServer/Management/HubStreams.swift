/// What a hub does with streams of text that backends feed through the management API, at whichever nodes their requests
/// arrive. Places in the text are counted in bytes of UTF-8.
package protocol HubStreams: Sendable {
    /// Opens a stream, and shows it to its audience.
    func open(_ opening: HubStreamOpening, at endpoint: HubEndpoint) async -> HubStreamOutcome

    /// Appends text from a place on; what is there already is not written twice.
    func append(_ text: String, at offset: UInt64, to id: String) async -> HubStreamOutcome

    /// Ends a stream at a place.
    func end(
        _ id: String, at offset: UInt64, _ finish: HubStreamFinish, usage: HubStreamUsage?
    ) async -> HubStreamOutcome

    /// How far a stream is, whoever writes it.
    func state(of id: String) async -> HubStreamOutcome

    /// Stops a stream, whoever writes it.
    func stop(_ id: String) async -> HubStreamOutcome

    /// Shows a stream to connections of this node.
    func show(_ id: String, to connections: [HubConnection])
}

/// A stream that a backend wants to open.
package struct HubStreamOpening: Sendable, Equatable {
    /// Nil for one that is made up.
    package var id: String?
    /// Whose connections see it; nil for nobody's, until one resumes it.
    package var audience: HubAddress?
    /// The user who may resume and stop it; nil for the user who is the audience, or else for whoever knows its id.
    package var owner: String?

    package init(id: String? = nil, audience: HubAddress? = nil, owner: String? = nil) {
        self.id = id
        self.audience = audience
        self.owner = owner
    }
}

/// How a backend ends a stream.
package enum HubStreamFinish: Sendable, Equatable {
    case completed
    case filtered
    case failed(HubStreamProblem)
}

/// What the backend's model has counted, in tokens.
package struct HubStreamUsage: Sendable, Equatable, Decodable {
    package var inputTokens: UInt32
    package var outputTokens: UInt32
}

/// Why a stream has failed, as clients are told.
package struct HubStreamProblem: Sendable, Equatable {
    /// A word that programs compare.
    package var code: String
    /// A sentence that people read.
    package var message: String
    /// Whether asking again may help.
    package var retryable: Bool

    package init(code: String, message: String, retryable: Bool) {
        self.code = code
        self.message = message
        self.retryable = retryable
    }
}

/// How far a stream is, and how it has ended.
package struct HubStreamState: Sendable, Equatable {
    package let id: String
    package let chunks: UInt64
    /// Of UTF-8: the place of the next text.
    package let bytes: UInt64
    /// Nil while it is open.
    package let end: End?

    package struct End: Sendable, Equatable {
        /// `completed`, `stopped`, `filtered` or `failed`.
        package let finish: String
        /// 64 hex digits.
        package let sha256: String
        /// Why it has failed, where it has.
        package let problem: HubStreamProblem?

        package init(finish: String, sha256: String, problem: HubStreamProblem? = nil) {
            self.finish = finish
            self.sha256 = sha256
            self.problem = problem
        }
    }

    package init(id: String, chunks: UInt64, bytes: UInt64, end: End? = nil) {
        self.id = id
        self.chunks = chunks
        self.bytes = bytes
        self.end = end
    }
}

/// What came of what a backend has asked of a stream.
package enum HubStreamOutcome: Sendable, Equatable {
    /// It is done, or was before.
    case done(HubStreamState)
    /// The text ends at another place. Nothing was taken.
    case elsewhere(HubStreamState)
    /// There is another text at this place. Nothing was taken.
    case different(HubStreamState)
    /// With this there would be more text than a stream may have. Nothing was taken.
    case tooLong(HubStreamState)
    /// The stream has ended, and otherwise than the backend wants.
    case ended(HubStreamState)
    /// The id is none.
    case badID
    /// There is no such stream, or none that a backend feeds.
    case unknown
    /// A stream of this id is there, and no backend feeds it.
    case taken
    /// The audience has no connections.
    case nobody
    /// This node feeds as many streams as it may.
    case full
    /// Whoever has to do it does not answer: the same may be asked again.
    case unavailable
}
