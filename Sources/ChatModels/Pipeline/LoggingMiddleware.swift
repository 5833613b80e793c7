public import Logging
import NIOCore

/// Logs each reply: its model, how long it took, how much it was and how it ended.
public struct LoggingMiddleware: ChatMiddleware {
    /// About so many bytes of a prompt and of a reply are logged.
    fileprivate static let longestContent = 16 * 1024

    private let logger: Logger
    private let level: Logger.Level
    private let logsContent: Bool

    /// - Parameters:
    ///   - level: Of replies that ended; those that failed are logged at info level at least.
    ///   - logsContent: Whether prompts and replies are logged, too. They are what people wrote: leave it off but for
    ///     debugging.
    public init(logger: Logger, level: Logger.Level = .debug, logsContent: Bool = false) {
        self.logger = logger
        self.level = level
        self.logsContent = logsContent
    }

    public func reply(
        to request: ChatRequest, from next: any ChatModel, receive: (ChatUpdate) async throws -> Void
    ) async throws -> ChatReplyEnd {
        let begin = ContinuousClock.now
        var record = Record(request, next, keepsText: logsContent)
        do {
            let end = try await next.reply(to: request) { update in
                record.receive(update)
                try await receive(update)
            }
            log(level, "Model replied", record, since: begin, ["finish": "\(end.finish)"].with(end.usage))
            return end
        } catch let error as ChatModelError {
            log(max(level, .info), "Model failed", record, since: begin, ["code": "\(error.code)"])
            throw error
        } catch {
            log(level, "Model was given up", record, since: begin, ["type": "\(type(of: error))"])
            throw error
        }
    }

    private func log(
        _ level: Logger.Level, _ message: Logger.Message, _ record: Record, since begin: ContinuousClock.Instant,
        _ result: Logger.Metadata
    ) {
        logger.log(
            level: level, message, metadata: result.merging(record.metadata(since: begin)) { result, _ in result })
    }
}

/// What is known of a reply that is being read.
private struct Record {
    private let provider: String
    private let model: String?
    private let prompt: String
    private let keepsText: Bool
    private var updates = 0
    private var bytes = 0
    private var text = ByteBuffer()

    init(_ request: ChatRequest, _ next: any ChatModel, keepsText: Bool) {
        provider = next.metadata.provider
        model = request.options.modelID ?? next.metadata.defaultModelID
        prompt = keepsText ? request.prompt : ""
        self.keepsText = keepsText
    }

    mutating func receive(_ update: ChatUpdate) {
        updates += 1
        switch update {
        case .text(let piece):
            bytes += piece.readableBytes
            if keepsText, text.readableBytes < LoggingMiddleware.longestContent { text.writeImmutableBuffer(piece) }
        case .retraction(let retraction):
            bytes = min(bytes, max(retraction.keepBytes, 0)) + retraction.replacement.utf8.count
            guard keepsText else { return }
            text = text.prefix(retraction.keepBytes)
            text.writeString(retraction.replacement)
        }
    }

    func metadata(since begin: ContinuousClock.Instant) -> Logger.Metadata {
        var metadata: Logger.Metadata = [
            "provider": "\(provider)", "updates": "\(updates)", "bytes": "\(bytes)",
            "milliseconds": "\(Int64(begin.duration(to: .now) / .milliseconds(1)))",
        ]
        if let model { metadata["model"] = "\(model)" }
        if keepsText {
            metadata["prompt"] = "\(prompt.prefix(LoggingMiddleware.longestContent))"
            metadata["reply"] = "\(String(buffer: text))"
        }
        return metadata
    }
}

extension Logger.Metadata {
    fileprivate func with(_ usage: TokenUsage?) -> Logger.Metadata {
        guard let usage else { return self }
        return merging(["inputTokens": "\(usage.inputTokens)", "outputTokens": "\(usage.outputTokens)"]) { own, _ in own
        }
    }
}
