import ChunkStreams
import HubBackplane
import HubTesting
import Logging
import Testing

@testable import ChatHub

/// Asks beyond a limit are refused, on all nodes, and let in again when there is room.
@Suite(.timeLimit(.minutes(1))) struct ReplyLimitsTests {
    private let backplane = InMemoryBackplane()

    /// The gate of one more node.
    private func gate(_ set: (inout ReplyLimits) -> Void) -> ReplyGate {
        var limits = ReplyLimits()
        set(&limits)
        return ReplyGate(
            limits: limits, backplane: backplane, names: BackplaneNames(app: "test"),
            logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
    }

    private func enter(_ gate: ReplyGate, connection: String = "c", user: String? = nil) async throws -> ReplyPlace {
        try await gate.enter(ChunkStreamID(), connection: connection, user: user)
    }

    private func refusal(_ gate: ReplyGate, connection: String = "c", user: String? = nil) async -> StreamProblem? {
        do {
            _ = try await enter(gate, connection: connection, user: user)
            return nil
        } catch {
            return error as? StreamProblem
        }
    }

    @Test func aConnectionHasSoManyUnderWay() async throws {
        let gate = gate { $0.perConnection = 2 }
        do {
            let places = [try await enter(gate), try await enter(gate)]
            let refusal = try #require(await refusal(gate))
            #expect(refusal.code == "rate_limited" && refusal.retryable && refusal.retryAfter == .seconds(5))
            #expect(await self.refusal(gate, connection: "other") == nil)
            withExtendedLifetime(places) {}
        }
        #expect(await refusal(gate) == nil)
    }

    @Test func aNodeHasSoManyUnderWay() async throws {
        let gate = gate { $0.perNode = 1 }
        let place = try await enter(gate)
        #expect(await refusal(gate, connection: "other")?.code == "rate_limited")
        withExtendedLifetime(place) {}
    }

    @Test func aUserHasSoManyUnderWayOnAllNodes() async throws {
        let (one, two) = (gate { $0.perUser = 1 }, gate { $0.perUser = 1 })
        do {
            let place = try await enter(one, user: "ada")
            #expect(await refusal(two, connection: "d", user: "ada")?.code == "rate_limited")
            #expect(await refusal(two, user: "bob") == nil)
            #expect(await refusal(two) == nil)
            withExtendedLifetime(place) {}
        }
        // It is given back a moment later.
        while await refusal(two, user: "ada") != nil { await Task.yield() }
    }

    @Test func aUserAsksSoOftenWithinAMinute() async throws {
        let (one, two) = (gate { $0.promptsPerMinute = 2 }, gate { $0.promptsPerMinute = 2 })
        #expect(await refusal(one, user: "ada") == nil)
        #expect(await refusal(two, user: "ada") == nil)
        for gate in [one, two] {
            let pause = try #require(await refusal(gate, user: "ada")?.retryAfter)
            #expect(pause > .seconds(50) && pause <= .seconds(60))
        }
        #expect(await refusal(one, user: "bob") == nil)
        // Who is not authenticated is counted by connection.
        for _ in 1...2 { #expect(await refusal(two, connection: "c") == nil) }
        #expect(await refusal(two, connection: "c") != nil)
        #expect(await refusal(two, connection: "d") == nil)
    }

    @Test func aUserHasTheTokensOfADay() async throws {
        let (one, two) = (gate { $0.tokensPerDay = 100 }, gate { $0.tokensPerDay = 100 })
        await one.used(StreamUsage(inputTokens: 30, outputTokens: 40), bytes: 7, by: "ada")
        #expect(await refusal(two, user: "ada") == nil)
        // A model that does not count: a token for four bytes.
        await two.used(nil, bytes: 120, by: "ada")
        let pause = try #require(await refusal(one, user: "ada")?.retryAfter)
        #expect(pause > .zero && pause <= .seconds(24 * 3600))
        #expect(await refusal(one, user: "bob") == nil)
        await one.used(nil, bytes: 4000, by: nil)
        #expect(await refusal(one) == nil)
    }

    @Test func tokensThatAreCountedAtOnceAreAllCounted() async throws {
        let tokens = TokenCount(backplane: backplane, names: BackplaneNames(app: "test"))
        try await withThrowingDiscardingTaskGroup { group in
            for _ in 1...15 { group.addTask { try await tokens.add(3, of: "ada") } }
        }
        #expect(try await tokens.used(by: "ada", now: try await backplane.time()) == 45)
        try await tokens.add(.max, of: "ada")
        #expect(try await tokens.used(by: "ada", now: try await backplane.time()) == .max)
    }
}
