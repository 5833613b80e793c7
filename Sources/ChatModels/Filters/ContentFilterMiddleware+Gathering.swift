import NIOCore

extension ContentFilterMiddleware {
    fileprivate enum Event: Sendable {
        case update(ChatUpdate)
        case modelEnded(Result<ChatReplyEnd, any Error>)
        case judged(Result<ContentViolation?, any Error>)
        case timer
    }

    /// Reads the model's reply in a task of its own, so that what the filter finds is told while the model is silent.
    func read(
        _ reply: GatheredReplyStateMachine, _ request: ChatRequest, from next: any ChatModel,
        receive: (ChatUpdate) async throws -> Void
    ) async throws -> ChatReplyEnd {
        var reply = reply
        // Of each kind of event one is under way at most, since the model waits to be told to go on.
        let (events, source) = AsyncStream.makeStream(of: Event.self)
        let (turns, model) = AsyncStream.makeStream(of: Void.self)
        return try await withThrowingDiscardingTaskGroup { group in
            defer { group.cancelAll() }
            group.addTask {
                source.yield(.modelEnded(await next.outcome(of: request, sending: source, turns: turns)))
            }
            for await event in events {
                for action in reply.take(event, now: .now) {
                    switch action {
                    case .deliver(let update): try await receive(update)
                    case .takeNext: model.yield()
                    case .judge(let excerpt):
                        group.addTask { source.yield(.judged(await outcome(of: excerpt))) }
                    case .wake(let delay):
                        group.addTask {
                            try? await Task.sleep(for: delay)
                            source.yield(.timer)
                        }
                    case .end(let end): return end
                    case .fail(let error): throw error
                    }
                }
            }
            throw CancellationError()
        }
    }

    private func outcome(of excerpt: ContentExcerpt) async -> Result<ContentViolation?, any Error> {
        do { return .success(try await judge(excerpt)) } catch { return .failure(error) }
    }
}

extension ChatModel {
    fileprivate typealias Events = AsyncStream<ContentFilterMiddleware.Event>.Continuation

    fileprivate func outcome(
        of request: ChatRequest, sending events: Events, turns: AsyncStream<Void>
    ) async -> Result<ChatReplyEnd, any Error> {
        do {
            return .success(
                try await reply(to: request) { update in
                    events.yield(.update(update))
                    guard await turns.first(where: { _ in true }) != nil else { throw CancellationError() }
                })
        } catch {
            return .failure(error)
        }
    }
}

extension GatheredReplyStateMachine {
    fileprivate mutating func take(
        _ event: ContentFilterMiddleware.Event, now: ContinuousClock.Instant
    ) -> [Action] {
        switch event {
        case .update(let update): receive(update, now: now)
        case .modelEnded(let end): ended(end, now: now)
        case .judged(let word): judged(word, now: now)
        case .timer: wake(now: now)
        }
    }
}
