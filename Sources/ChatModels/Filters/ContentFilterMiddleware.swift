public import Logging
import NIOCore

/// Puts a ``ContentFilter`` around a model: a prompt that it blocks never reaches the model, a reply ends before what it blocks.
///
/// What the filter cannot judge, since it fails, is let through or not, as `failsOpen` says. Else a prompt is refused, and a reply
/// fails before that text; in asynchronous mode the text is taken back first.
public struct ContentFilterMiddleware: ChatMiddleware {
    /// When text is shown.
    public enum Mode: String, Sendable, Hashable, CaseIterable {
        /// When the filter has looked at it. What might be the beginning of something blocked waits for more.
        case `default`
        /// At once. What the filter finds later is taken back.
        case asynchronous
    }

    let filter: any ContentFilter
    let mode: Mode
    let replacement: String
    let failsOpen: Bool
    let logger: Logger

    /// - Parameters:
    ///   - replacement: What stands in place of text that is blocked or taken back.
    ///   - failsOpen: Whether text is let through that the filter cannot judge.
    ///   - logger: Is told categories and failures, no text.
    public init(
        _ filter: any ContentFilter, mode: Mode = .default, replacement: String = "", failsOpen: Bool = false,
        logger: Logger
    ) {
        self.filter = filter
        self.mode = mode
        self.replacement = replacement
        self.failsOpen = failsOpen
        self.logger = logger
    }

    public func reply(
        to request: ChatRequest, from next: any ChatModel, receive: (ChatUpdate) async throws -> Void
    ) async throws -> ChatReplyEnd {
        try await judgePrompt(of: request)
        switch filter.pace {
        case .eachUpdate:
            var reply = JudgedReply(self)
            return try await reply.read(request, from: next, receive: receive)
        case .gathered(let bytes, let interval):
            let reply = GatheredReplyStateMachine(
                mode: mode, replacement: replacement, lookback: filter.lookbackBytes, bytes: bytes, interval: interval)
            return try await read(reply, request, from: next, receive: receive)
        }
    }

    private func judgePrompt(of request: ChatRequest) async throws {
        let violation: ContentViolation?
        do {
            violation = try await judge(ContentExcerpt(source: .prompt, text: request.prompt))
        } catch is UnjudgedText {
            throw ChatModelError(.unfiltered)
        }
        guard let violation else { return }
        var refusal = ChatModelError(.contentFilter)
        refusal.categories = [violation.category]
        throw refusal
    }

    /// What the filter says.
    ///
    /// - Throws: ``UnjudgedText`` where it fails and text is not to be let through then.
    func judge(_ excerpt: ContentExcerpt) async throws -> ContentViolation? {
        do {
            let violation = try await filter.firstViolation(in: excerpt)
            if let violation {
                let message: Logger.Message =
                    excerpt.source == .prompt ? "A prompt was blocked" : "A reply was blocked"
                logger.info(message, metadata: ["category": "\(violation.category)"])
            }
            return violation
        } catch {
            try Task.checkCancellation()
            var metadata: Logger.Metadata = ["type": "\(type(of: error))"]
            // Of others nobody knows what they say of the text.
            if let error = error as? ContentSafetyError { metadata["error"] = "\(error)" }
            logger.warning("The content filter failed", metadata: metadata)
            guard failsOpen else { throw UnjudgedText() }
            return nil
        }
    }
}

/// A filter failed, and its text is not to be let through.
struct UnjudgedText: Error {
    /// What clients are told of text that is taken back since nothing could look at it.
    static let category = "unfiltered"
}
