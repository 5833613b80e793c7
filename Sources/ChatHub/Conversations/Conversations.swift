import ChatModels
import HubBackplane
import Logging
import NIOCore

/// What was said in conversations, for the models that reply in them.
///
/// A conversation is a log on the backplane, of as many turns as are kept: any node may write the next reply. A turn is
/// written once its reply is whole, so that two questions at once lose none.
struct Conversations: Sendable {
    /// How often a turn is written again behind one that was quicker, or a backplane that was away.
    private static let attempts = 20

    let backplane: any Backplane
    let names: BackplaneNames
    let configuration: ConversationConfiguration
    let logger: Logger

    /// The last turns, as many as the model may be told of.
    func history(of id: ConversationID, owner: String?) async throws -> [ChatMessage] {
        let log = names.conversation(id.rawValue, of: owner)
        var turns: [ConversationTurn] = []
        var last: LogID?
        while true {
            let page = try await backplane.read(log, after: last)
            turns += page.entries.compactMap { ConversationTurn(payload: $0.payload) }
            last = page.entries.last?.id
            if page.isLast { break }
        }
        if !turns.isEmpty { backplane.expire([log], after: configuration.retention) }
        return bounded(turns).flatMap(\.messages)
    }

    /// Writes down a turn behind those that are there. Where that cannot be done it is left out: the reply is whole
    /// without it.
    func add(_ turn: ConversationTurn, to id: ConversationID, owner: String?) async {
        let log = names.conversation(id.rawValue, of: owner)
        for _ in 0..<Self.attempts {
            do {
                let last = try await backplane.lastEntry(of: log)?.id.seq ?? 0
                let append = LogAppend(
                    log: log, channel: nil, id: LogID(epoch: 1, seq: last + 1), payload: cut(turn).payload,
                    creates: true, timeToLive: configuration.retention, keeping: configuration.maximumTurns)
                if try await backplane.append(append) == .accepted { return }
            } catch {
                try? await Task.sleep(for: .milliseconds(100))
            }
        }
        logger.warning("A turn of a conversation could not be written down")
    }

    /// The last of them, as many as fit.
    private func bounded(_ turns: [ConversationTurn]) -> ArraySlice<ConversationTurn> {
        var rest = configuration.maximumBytes
        var first = turns.endIndex
        while first > turns.startIndex, turns.endIndex - first < configuration.maximumTurns {
            rest -= turns[first - 1].size
            if rest < 0 { break }
            first -= 1
        }
        return turns[first...]
    }

    /// Of a turn that is larger than all that may be told, the beginning of the reply is kept.
    private func cut(_ turn: ConversationTurn) -> ConversationTurn {
        guard turn.size > configuration.maximumBytes else { return turn }
        let prompt = turn.prompt.prefix(bytes: configuration.maximumBytes)
        return ConversationTurn(
            prompt: prompt, reply: turn.reply.prefix(bytes: configuration.maximumBytes - prompt.utf8.count))
    }
}

/// The bounds of conversations.
package struct ConversationConfiguration: Sendable {
    /// The most turns, a question and its reply each, that are kept and told to the model.
    package var maximumTurns = 20
    /// The most bytes of them that are told.
    package var maximumBytes = 64 * 1024
    /// How long a conversation is kept after its last turn.
    package var retention: Duration = .seconds(24 * 3600)

    package init() {}
}

extension String {
    /// The beginning of at most so many bytes, whole Unicode scalars only.
    fileprivate func prefix(bytes count: Int) -> String {
        guard utf8.count > count else { return self }
        var end = utf8.index(startIndex, offsetBy: count)
        while end > startIndex, end.samePosition(in: unicodeScalars) == nil { end = utf8.index(before: end) }
        return String(self[..<end])
    }
}
