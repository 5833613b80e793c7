import ChunkStreams
import HubBackplane
import Logging

/// Lets asks in, as many as the limits allow.
struct ReplyGate: Sendable {
    /// A reply that takes longer, or whose node was lost, does not count any more.
    private static let longestReply: Int64 = 5 * 60 * 1000
    private static let minute: Int64 = 60 * 1000
    /// When a place may be free again.
    private static let pause = Duration.seconds(5)

    let limits: ReplyLimits
    let counts: ReplyCounts
    let tokens: TokenCount
    let backplane: any Backplane
    let names: BackplaneNames
    let logger: Logger

    init(limits: ReplyLimits, backplane: any Backplane, names: BackplaneNames, logger: Logger) {
        self.limits = limits
        counts = ReplyCounts(limits: limits)
        tokens = TokenCount(backplane: backplane, names: names)
        self.backplane = backplane
        self.names = names
        self.logger = logger
    }

    /// Takes the place of a reply, to be held as long as it is under way.
    ///
    /// - Throws: What the client is told where it may not ask now.
    func enter(
        _ id: ChunkStreamID, connection: String, user: String?
    ) async throws(StreamProblem) -> ReplyPlace {
        switch counts.enter(from: connection) {
        case .node: throw .limited("The server has too many replies under way.", Self.pause)
        case .connection: throw .limited("This connection has too many replies under way.", Self.pause)
        case nil: break
        }
        let place = ReplyPlace(gate: self, id: id, connection: connection, user: user)
        guard limits.isKeptAcrossNodes else { return place }
        do {
            if let problem = try await enterAcrossNodes(place, now: try await backplane.time()) { throw problem }
        } catch let problem as StreamProblem {
            throw problem
        } catch {
            // The ask needs the backplane as well: it will be told that it is away.
            logger.debug("Limits of users could not be checked", metadata: ["error": "\(error)"])
        }
        return place
    }

    private func enterAcrossNodes(_ place: ReplyPlace, now: Int64) async throws -> StreamProblem? {
        let subject = place.subject
        if let limit = limits.tokensPerDay, let user = place.user, try await tokens.used(by: user, now: now) >= limit {
            return .limited("You have used the tokens of today.", TokenCount.untilTomorrow(now: now))
        }
        if let limit = limits.perUser {
            let set = names.replies(of: subject)
            guard
                try await backplane.enter(
                    place.id.rawValue, into: set, until: now + Self.longestReply, now: now, limit: limit)
            else { return .limited("You have too many replies under way.", Self.pause) }
            place.isCountedAcrossNodes()
        }
        if let limit = limits.promptsPerMinute {
            let (set, end) = (names.prompts(of: subject), now + Self.minute)
            guard
                try await backplane.enter("\(end):\(place.id.rawValue)", into: set, until: end, now: now, limit: limit)
            else {
                let ends = try await backplane.members(of: set, now: now).compactMap {
                    $0.split(separator: ":").first.flatMap { Int64($0) }
                }
                return .limited(
                    "You have asked too often within a minute.", .milliseconds((ends.min() ?? end) - now))
            }
        }
        return nil
    }

    /// Counts what a reply has taken, on the node that has produced it.
    ///
    /// - Parameter bytes: Of the question and the reply; a token is about four of them, where the model does not count.
    func used(_ usage: StreamUsage?, bytes: Int, by user: String?) async {
        guard limits.tokensPerDay != nil, let user else { return }
        let count = usage.map { Int($0.inputTokens) + Int($0.outputTokens) } ?? (bytes + 3) / 4
        do {
            try await tokens.add(count, of: user)
        } catch {
            logger.warning("The tokens of a reply could not be counted", metadata: ["error": "\(error)"])
        }
    }
}

extension ReplyLimits {
    fileprivate var isKeptAcrossNodes: Bool { perUser != nil || promptsPerMinute != nil || tokensPerDay != nil }
}

extension StreamProblem {
    fileprivate static func limited(_ message: String, _ pause: Duration) -> StreamProblem {
        StreamProblem(code: "rate_limited", message: message, retryable: true, retryAfter: pause)
    }
}
