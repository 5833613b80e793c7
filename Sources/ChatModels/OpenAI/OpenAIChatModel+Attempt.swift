import AsyncHTTPClient
import FoundationEssentials
import Logging
import NIOCore
import NIOHTTP1

extension OpenAIChatModel {
    /// Bytes of an error's body that are read.
    private static let maximumErrorBody = 64 * 1024

    /// Makes one request and reads its reply.
    ///
    /// - Throws: ``ChatModelError``, `CancellationError`, or what `receive` throws.
    func attempt(
        _ request: HTTPClient.Request, receive: (ChatUpdate) async throws -> Void
    ) async throws -> ChatReplyEnd {
        try Task.checkCancellation()
        let timeouts = configuration.timeouts
        let response = UpstreamResponse(
            timeouts: .init(firstByte: TimeAmount(timeouts.firstByte), silence: TimeAmount(timeouts.silence)))
        let task = client.execute(request: request, delegate: response)
        response.follow(task)
        return try await withTaskCancellationHandler {
            do {
                let end = try await read(response, receive: receive)
                response.discard(task)
                return end
            } catch {
                task.cancel()
                throw error
            }
        } onCancel: {
            task.cancel()
        }
    }

    private func read(
        _ response: UpstreamResponse, receive: (ChatUpdate) async throws -> Void
    ) async throws -> ChatReplyEnd {
        guard case .head(let head)? = try await part(of: response, answered: false) else {
            throw ChatModelError(.unreadable)
        }
        logger.debug("Model answered", metadata: head.logMetadata)
        guard head.status == .ok else { throw try await refusal(head, response) }
        guard head.isEventStream else { throw ChatModelError(.unreadable) }

        var parser = ServerSentEventParser()
        var stream: any ReplyStream =
            configuration.api == .responses ? ResponseStreamStateMachine() : ChatCompletionStreamStateMachine()
        defer { if stream.isUnfiltered { logger.warning("The content filter did not look at all of a reply") } }
        while case .body(let bytes)? = try await part(of: response) {
            parser.append(bytes)
            while let event = try parser.nextEvent() {
                if let end = try await run(action(of: event, in: &stream), receive) { return end }
            }
        }
        if let event = parser.finish(), let end = try await run(action(of: event, in: &stream), receive) { return end }
        guard let end = try await run(stream.receiveEndOfBody(), receive) else { throw ChatModelError(.truncated) }
        return end
    }

    private func action(of event: [UInt8], in stream: inout any ReplyStream) throws -> ReplyStreamAction {
        let action = stream.receive(event: event)
        if stream.isUnfiltered, configuration.refusesUnfilteredText { throw ChatModelError(.unfiltered) }
        return action
    }

    private func run(
        _ action: ReplyStreamAction, _ receive: (ChatUpdate) async throws -> Void
    ) async throws -> ChatReplyEnd? {
        switch action {
        case .deliver(let text):
            try Task.checkCancellation()
            try await receive(.text(text))
            return nil
        case .retract(let retraction):
            try await receive(.retraction(retraction))
            return nil
        case .ignore: return nil
        case .end(let end): return end
        case .fail(let failure): throw failure
        }
    }

    private func part(of response: UpstreamResponse, answered: Bool = true) async throws -> UpstreamResponse.Part? {
        do {
            return try await response.next()
        } catch {
            try Task.checkCancellation()
            throw ChatModelError(transport: error, answered: answered)
        }
    }

    /// Why the server answered without a reply.
    private func refusal(_ head: HTTPResponseHead, _ response: UpstreamResponse) async throws -> ChatModelError {
        var body = ByteBuffer()
        while body.readableBytes < Self.maximumErrorBody, case .body(let bytes)? = try await part(of: response) {
            body.writeImmutableBuffer(bytes)
        }
        var failure = ChatModelError(
            status: Int(head.status.code), upstream: UpstreamError(body: body.readableBytesView))
        if let shouldRetry = head.headers.shouldRetry, !shouldRetry || !failure.isLasting {
            failure.wasRefused = shouldRetry
        }
        failure.retryAfter = failure.retryable ? head.headers.retryHint(now: Date()) : nil
        return failure
    }
}

extension ChatModelError {
    /// What is in the way stays there, whatever the server says of its status: asking again costs, and changes nothing.
    fileprivate var isLasting: Bool {
        switch code {
        case .quotaExceeded, .contentFilter, .contextLength: true
        default: false
        }
    }
}

extension ServerSentEventParser {
    fileprivate mutating func nextEvent() throws -> [UInt8]? {
        do {
            return try next()
        } catch {
            throw ChatModelError(.unreadable)
        }
    }
}

extension HTTPResponseHead {
    fileprivate var isEventStream: Bool {
        let mediaType = headers.first(name: "content-type")?.prefix { $0 != ";" && $0 != " " }
        return mediaType?.lowercased() == "text/event-stream"
    }
}
