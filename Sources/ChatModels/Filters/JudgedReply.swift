import NIOCore

/// A reply that a filter looks at piece by piece, as the model hands it over.
struct JudgedReply {
    /// Ends the model's reply from inside of it.
    private struct Blocked: Error {}

    private let middleware: ContentFilterMiddleware
    private var judged: JudgedText

    init(_ middleware: ContentFilterMiddleware) {
        self.middleware = middleware
        judged = JudgedText(lookback: middleware.filter.lookbackBytes)
    }

    mutating func read(
        _ request: ChatRequest, from next: any ChatModel, receive: (ChatUpdate) async throws -> Void
    ) async throws -> ChatReplyEnd {
        do {
            var end: ChatReplyEnd
            do {
                end = try await next.reply(to: request) { try await take($0, receive) }
            } catch let error as ChatModelError {
                // What the model has said is looked at, however the reply ends.
                try await judge(isLast: true, receive)
                throw error
            }
            do { try await judge(isLast: true, receive) } catch is Blocked { end.finish = .contentFilter }
            return end
        } catch is Blocked {
            return ChatReplyEnd(finish: .contentFilter)
        } catch is UnjudgedText {
            if middleware.mode == .asynchronous {
                try await receive(
                    .retraction(ChatRetraction(keepBytes: judged.passedBytes, category: UnjudgedText.category)))
            }
            throw ChatModelError(.unfiltered)
        }
    }

    private mutating func take(
        _ update: ChatUpdate, _ receive: (ChatUpdate) async throws -> Void
    ) async throws {
        guard case .text(let text) = update else {
            // Another filter, nearer to the model, has taken back what this one has let through.
            try await judge(isLast: true, receive)
            if case .retraction(let retraction) = update { judged.retract(retraction) }
            return try await receive(update)
        }
        if middleware.mode == .asynchronous { try await receive(update) }
        judged.append(text)
        try await judge(isLast: false, receive)
    }

    private mutating func judge(isLast: Bool, _ receive: (ChatUpdate) async throws -> Void) async throws {
        guard judged.hasDoubtful else { return }
        let violation = try await middleware.judge(judged.excerpt(isEnd: isLast))
        let place = judged.place(of: violation?.start ?? 0)
        let passed = judged.pass(upTo: violation?.start, isLast: isLast)
        if middleware.mode == .default, passed.readableBytes > 0 { try await receive(.text(passed)) }
        guard let violation else { return }
        let update = ChatUpdate(
            replacing: violation, from: place, by: middleware.replacement, mode: middleware.mode)
        if let update { try await receive(update) }
        judged.giveUp()
        throw Blocked()
    }
}

extension ChatUpdate {
    /// What takes the place of blocked text, of which in default mode nothing was shown; `nil` for nothing.
    init?(
        replacing violation: ContentViolation, from place: Int, by replacement: String,
        mode: ContentFilterMiddleware.Mode
    ) {
        switch mode {
        case .asynchronous:
            self = .retraction(
                ChatRetraction(keepBytes: place, category: violation.category, replacement: replacement))
        case .default:
            guard !replacement.isEmpty else { return nil }
            self = .text(ByteBuffer(string: replacement))
        }
    }
}
