import ChunkStreams
package import HubServer
import Logging
import NIOCore

/// Replies that backends feed: clients see, resume and stop them as those of the model.
extension ChatHub: HubStreams {
    package func open(_ opening: HubStreamOpening, at endpoint: HubEndpoint) async -> HubStreamOutcome {
        guard let id = opening.id.map({ ChunkStreamID($0) }) ?? ChunkStreamID() else { return .badID }
        var opened = HubStreamOutcome.done(HubStreamState(id: id.rawValue, chunks: 0, bytes: 0))
        do {
            switch try await feeds.open(id, meta: ReplyMeta(owner: opening.heldBy).payload) {
            case .opened: break
            case .full: return .full
            case .exists:
                // The answer to the first try was lost, most likely.
                opened = outcome(await feeds.ask(.append(ByteBuffer(), at: 0), of: id), of: id)
                if opened == .unknown { return .taken }
                guard case .done = opened else { return opened }
            }
        } catch {
            logger.info("A reply could not be opened", metadata: ["stream": "\(id.logged)", "error": "\(error)"])
            return .unavailable
        }
        guard let audience = opening.audience else { return opened }
        switch await endpoint.show(stream: id.rawValue, to: audience) {
        case .done:
            return opened
        case .notFound, .refused:
            await feeds.end(id, .failed(.noAudience))
            return .nobody
        case nil:
            await feeds.end(id, .failed(.unavailable))
            return .unavailable
        }
    }

    package func append(_ text: String, at offset: UInt64, to id: String) async -> HubStreamOutcome {
        guard let id = ChunkStreamID(id) else { return .unknown }
        return outcome(await feeds.ask(.append(ByteBuffer(string: text), at: offset), of: id), of: id)
    }

    package func end(
        _ id: String, at offset: UInt64, _ finish: HubStreamFinish, usage: HubStreamUsage?
    ) async -> HubStreamOutcome {
        guard let id = ChunkStreamID(id) else { return .unknown }
        let usage = usage.map { StreamUsage(inputTokens: $0.inputTokens, outputTokens: $0.outputTokens) }
        let answer = await feeds.ask(.end(StreamFinish(finish), usage: usage, at: offset), of: id)
        if case .ended(let end) = answer, end.finish == StreamFinish(finish), end.bytes == offset {
            return .done(HubStreamState(id: id, end))
        }
        return outcome(answer, of: id)
    }

    package func state(of id: String) async -> HubStreamOutcome {
        guard let id = ChunkStreamID(id) else { return .unknown }
        let answer = await feeds.ask(.look, of: id)
        if case .ended(let end) = answer { return .done(HubStreamState(id: id, end)) }
        return outcome(answer, of: id)
    }

    package func stop(_ id: String) async -> HubStreamOutcome {
        guard let id = ChunkStreamID(id) else { return .unknown }
        switch await streams.stop(id) {
        case .stopped: return await state(of: id.rawValue)
        case .alreadyEnded(let end): return .done(HubStreamState(id: id, end))
        case .unconfirmed: return .unavailable
        case .unknown: return .unknown
        }
    }

    package func show(_ id: String, to connections: [HubConnection]) {
        guard let id = ChunkStreamID(id), views.isShownFirst(id) else { return }
        for connection in connections {
            let view = views.view(of: id, on: connection)
            view.begin()
            view.read(streams.view(id, after: .start, sink: view), from: .start)
        }
    }

    private func outcome(_ answer: FedStreamAnswer?, of id: ChunkStreamID) -> HubStreamOutcome {
        switch answer {
        case .open(let position): .done(HubStreamState(id: id, position))
        case .elsewhere(let position): .elsewhere(HubStreamState(id: id, position))
        case .different(let position): .different(HubStreamState(id: id, position))
        case .tooLong(let position): .tooLong(HubStreamState(id: id, position))
        case .ended(let end): .ended(HubStreamState(id: id, end))
        case .unknown, .notFed: .unknown
        case nil: .unavailable
        }
    }
}

extension HubStreamOpening {
    fileprivate var heldBy: String? {
        if let owner { return owner }
        if case .user(let user) = audience { return user }
        return nil
    }
}

extension HubStreamState {
    fileprivate init(id: ChunkStreamID, _ position: FedStreamPosition) {
        self.init(id: id.rawValue, chunks: position.chunks, bytes: position.bytes)
    }

    fileprivate init(id: ChunkStreamID, _ end: StreamEnd) {
        var problem: HubStreamProblem?
        if case .failed(let told) = end.finish {
            problem = HubStreamProblem(code: told.code, message: told.message, retryable: told.retryable)
        }
        self.init(
            id: id.rawValue, chunks: end.chunks, bytes: end.bytes,
            end: End(finish: end.finish.word, sha256: end.sha256.lowercaseHex, problem: problem))
    }
}

extension StreamFinish {
    fileprivate init(_ finish: HubStreamFinish) {
        self =
            switch finish {
            case .completed: .completed
            case .filtered: .filtered
            case .failed(let problem):
                .failed(StreamProblem(code: problem.code, message: problem.message, retryable: problem.retryable))
            }
    }
}
