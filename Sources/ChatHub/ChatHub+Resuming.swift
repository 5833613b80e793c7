import ChunkStreams
import HubServer

extension ChatHub {
    /// `Resume(messageId, cursor)`: sends what follows the cursor on this connection, and the rest as it comes.
    func resume(_ context: HubContext, messageId: String, cursor: Int64) async throws -> ResumeResult {
        let result = try await resumed(context, messageId: messageId, cursor: cursor)
        metrics.resumed(result.status)
        return result
    }

    private func resumed(_ context: HubContext, messageId: String, cursor: Int64) async throws -> ResumeResult {
        guard let cursor = ChunkCursor(rawValue: cursor) else { throw HubError("The cursor is not one.") }
        switch try await holding(messageId, context: context) {
        case .gone:
            return ResumeResult(messageId: messageId, status: .gone)
        case .forbidden:
            return ResumeResult(messageId: messageId, status: .forbidden)
        case .held(let id):
            let end = try await available { try await streams.end(of: id) }
            var isRead = false
            while !isRead {
                // One that has just ended for this connection is followed by a new one.
                let view = views.view(of: id, on: context.connection)
                isRead = view.read(streams.view(id, after: cursor, sink: view), from: cursor)
                if Task.isCancelled { break }
            }
            return ResumeResult(messageId: messageId, status: end == nil ? .resumed : .ended, finish: end?.finish.word)
        }
    }

    /// `Stop(messageId)`: ends a reply, wherever it is produced.
    func stop(_ context: HubContext, messageId: String) async throws -> StopResult {
        let begin = ContinuousClock.now
        let result = try await stopped(context, messageId: messageId)
        metrics.stopped(result.status, since: begin)
        return result
    }

    private func stopped(_ context: HubContext, messageId: String) async throws -> StopResult {
        switch try await holding(messageId, context: context) {
        case .gone:
            return StopResult(messageId: messageId, status: .gone)
        case .forbidden:
            return StopResult(messageId: messageId, status: .forbidden)
        case .held(let id):
            switch await streams.stop(id) {
            case .stopped(let seq):
                return StopResult(messageId: messageId, status: .stopped, atSeq: seq)
            case .alreadyEnded(let end):
                return StopResult(messageId: messageId, status: .alreadyEnded, finish: end.finish.word)
            case .unconfirmed:
                return StopResult(messageId: messageId, status: .unconfirmed)
            case .unknown:
                return StopResult(messageId: messageId, status: .gone)
            }
        }
    }

    private enum Holding {
        case held(ChunkStreamID)
        case gone
        case forbidden
    }

    private func holding(_ messageId: String, context: HubContext) async throws -> Holding {
        guard let id = ChunkStreamID(messageId),
            let meta = try await available({ try await streams.meta(of: id) }).flatMap(ReplyMeta.init(payload:))
        else { return .gone }
        return meta.isHeld(by: context.userID) ? .held(id) : .forbidden
    }

    func available<Value>(_ body: () async throws -> Value) async throws -> Value {
        do {
            return try await body()
        } catch {
            throw HubError("\(StreamProblem.unavailable.code): \(StreamProblem.unavailable.message)")
        }
    }
}
