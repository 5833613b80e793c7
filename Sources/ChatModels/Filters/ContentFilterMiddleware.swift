public import Logging
import NIOCore

/// Puts a ``ContentFilter`` around a model: a prompt that it blocks never reaches the model, a reply ends before what it blocks.
public struct ContentFilterMiddleware: ChatMiddleware {
    /// When text is shown.
    public enum Mode: String, Sendable, Hashable, CaseIterable {
        /// When the filter has looked at it. What might be the beginning of something blocked waits for more.
        case `default`
        /// At once. What the filter finds later is taken back.
        case asynchronous
    }

    let filter: any ContentFilter
    private let mode: Mode
    private let replacement: String
    let failsOpen: Bool
    let logger: Logger

    /// - Parameters:
    ///   - replacement: What stands in place of text that is blocked or taken back.
    ///   - failsOpen: Whether text is let through that the filter cannot judge. Else the reply fails.
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
        if let violation = try await violation(in: ContentExcerpt(source: .prompt, text: request.prompt)) {
            logger.info("A prompt was blocked", metadata: ["category": "\(violation.category)"])
            var refusal = ChatModelError(.contentFilter)
            refusal.categories = [violation.category]
            throw refusal
        }
        var judged = JudgedText(lookback: filter.lookbackBytes, batch: filter.batchBytes)
        do {
            var end = try await next.reply(to: request) { update in
                try await take(update, &judged, receive)
            }
            do { try await judge(&judged, isLast: true, receive) } catch is Blocked { end.finish = .contentFilter }
            return end
        } catch is Blocked {
            return ChatReplyEnd(finish: .contentFilter)
        } catch let error as ChatModelError where mode == .asynchronous {
            // What was shown is looked at, however the reply ends.
            do { try await judge(&judged, isLast: true, receive) } catch is Blocked {
                return ChatReplyEnd(finish: .contentFilter)
            }
            throw error
        }
    }

    /// Ends the model's reply from inside of it.
    private struct Blocked: Error {}

    private func take(
        _ update: ChatUpdate, _ judged: inout JudgedText, _ receive: (ChatUpdate) async throws -> Void
    ) async throws {
        guard case .text(let text) = update else {
            // Another filter, nearer to the model, has taken back what this one has let through.
            try await judge(&judged, isLast: true, receive)
            if case .retraction(let retraction) = update { judged.retract(retraction) }
            return try await receive(update)
        }
        if mode == .asynchronous { try await receive(update) }
        judged.append(text)
        if judged.isWorthALook { try await judge(&judged, isLast: false, receive) }
    }

    private func judge(
        _ judged: inout JudgedText, isLast: Bool, _ receive: (ChatUpdate) async throws -> Void
    ) async throws {
        guard judged.hasNew else { return }
        let violation = try await violation(in: judged.excerpt(isEnd: isLast))
        let place = judged.place(of: violation?.start ?? 0)
        let passed = judged.pass(upTo: violation?.start, isLast: isLast)
        if mode == .default, passed.readableBytes > 0 { try await receive(.text(passed)) }
        guard let violation else { return }
        logger.info("A reply was blocked", metadata: ["category": "\(violation.category)"])
        switch mode {
        case .asynchronous:
            try await receive(
                .retraction(
                    ChatRetraction(keepBytes: place, category: violation.category, replacement: replacement)))
        case .default:
            if !replacement.isEmpty { try await receive(.text(ByteBuffer(string: replacement))) }
        }
        judged.giveUp()
        throw Blocked()
    }

    private func violation(in excerpt: ContentExcerpt) async throws -> ContentViolation? {
        do {
            return try await filter.firstViolation(in: excerpt)
        } catch is CancellationError {
            throw CancellationError()
        } catch {
            logger.warning("The content filter failed", metadata: ["type": "\(type(of: error))"])
            guard failsOpen else { throw ChatModelError(.unfiltered) }
            return nil
        }
    }
}
