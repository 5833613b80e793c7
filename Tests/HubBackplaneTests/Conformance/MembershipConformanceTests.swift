import HubBackplane
import HubBackplaneRedis
import HubTesting
import NIOCore
import Testing

@Suite("Memberships of every backplane", .timeLimit(.minutes(1)))
struct MembershipConformanceTests {
    private func set(_ names: BackplaneNames) -> KeyName { names.userGroups("ada", hub: "h") }

    @Test(arguments: BackplaneKind.allCases)
    func aMemberBelongsToASetUntilItsTimeIsOver(kind: BackplaneKind) async throws {
        try await withBackplane(kind) { backplane, names in
            let (set, now) = (set(names), try await backplane.time())
            #expect(try await backplane.members(of: set, now: now) == [])
            #expect(try await backplane.enter("a", into: set, until: now + 60_000, now: now, limit: 9))
            #expect(try await backplane.enter("b c\u{1F44B}", into: set, until: now + 90_000, now: now, limit: 9))
            #expect(try await backplane.members(of: set, now: now) == ["a", "b c\u{1F44B}"])
            #expect(try await backplane.members(of: set, now: now + 59_999) == ["a", "b c\u{1F44B}"])
            #expect(try await backplane.members(of: set, now: now + 60_000) == ["b c\u{1F44B}"])
            // Another time replaces the first one, be it later or earlier.
            #expect(try await backplane.enter("a", into: set, until: now + 120_000, now: now, limit: 9))
            #expect(try await backplane.enter("b c\u{1F44B}", into: set, until: now + 30_000, now: now, limit: 9))
            #expect(try await backplane.members(of: set, now: now + 60_000) == ["a"])
        }
    }

    @Test(arguments: BackplaneKind.allCases)
    func membersLeaveOneByOneOrAll(kind: BackplaneKind) async throws {
        try await withBackplane(kind) { backplane, names in
            let (set, now) = (set(names), try await backplane.time())
            for member in ["a", "b", "c"] {
                #expect(try await backplane.enter(member, into: set, until: now + 60_000, now: now, limit: 9))
            }
            try await backplane.leave("b", from: set)
            try await backplane.leave("nobody", from: set)
            #expect(try await backplane.members(of: set, now: now) == ["a", "c"])
            try await backplane.leave(nil, from: set)
            try await backplane.leave(nil, from: set)
            #expect(try await backplane.members(of: set, now: now) == [])
        }
    }

    @Test(arguments: BackplaneKind.allCases)
    func aFullSetTakesNobodyUntilSomebodysTimeIsOver(kind: BackplaneKind) async throws {
        try await withBackplane(kind) { backplane, names in
            let (set, now) = (set(names), try await backplane.time())
            #expect(try await backplane.enter("a", into: set, until: now + 60_000, now: now, limit: 2))
            #expect(try await backplane.enter("b", into: set, until: now + 90_000, now: now, limit: 2))
            #expect(try await !backplane.enter("c", into: set, until: now + 90_000, now: now, limit: 2))
            #expect(try await backplane.enter("b", into: set, until: now + 95_000, now: now, limit: 2))
            #expect(try await backplane.members(of: set, now: now) == ["a", "b"])
            #expect(try await backplane.enter("c", into: set, until: now + 90_000, now: now + 60_000, limit: 2))
            #expect(try await backplane.members(of: set, now: now + 60_000) == ["b", "c"])
        }
    }

    @Test(arguments: BackplaneKind.allCases)
    func ofThoseThatComeAtTheSameMomentNoMoreAreLetInThanThereArePlaces(kind: BackplaneKind) async throws {
        try await withBackplane(kind) { backplane, names in
            let (set, now) = (set(names), try await backplane.time())
            let enter: @Sendable (any Backplane, Int) async throws -> Bool = { node, index in
                try await node.enter("\(index)", into: set, until: now + 60_000, now: now, limit: 5)
            }
            let letIn: @Sendable (any Backplane) async throws -> Int = { other in
                try await withThrowingTaskGroup(of: Bool.self) { group in
                    for index in 0..<50 {
                        group.addTask { try await enter(index.isMultiple(of: 2) ? backplane : other, index) }
                    }
                    return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
                }
            }
            switch kind {
            case .memory:
                #expect(try await letIn(backplane) == 5)
            case .redis:
                let server = try await SharedRedis.server.value
                try await withRedisBackplane(RedisConfiguration(url: server.url), names: names) { other, _ in
                    let count = try await letIn(other)
                    #expect(count == 5)
                }
            }
            try await eventually { try await backplane.members(of: set, now: now).count == 5 }
        }
    }

    @Test(arguments: BackplaneKind.allCases)
    func aSetIsGoneWithItsLastMember(kind: BackplaneKind) async throws {
        try await withBackplane(kind) { backplane, names in
            let (set, now) = (set(names), try await backplane.time())
            let life = BackplaneKind.shortLife.milliseconds
            #expect(try await backplane.enter("a", into: set, until: now + life, now: now, limit: 9))
            // By the clock of the backplane, whatever a node takes it to be.
            try await eventually { try await backplane.members(of: set, now: now) == [] }
        }
    }

    @Test func inRedisTheKeyLivesAsLongAsAnyMember() async throws {
        try await withBackplane(.redis) { backplane, names in
            let (set, now) = (set(names), try await backplane.time())
            let server = try await SharedRedis.server.value
            func secondsToLive() throws -> Double {
                let reply = try server.command("PTTL", set.rawValue)
                return try #require(Double(reply.filter(\.isNumber))) / 1000
            }
            #expect(try await backplane.enter("a", into: set, until: now + 100_000, now: now, limit: 9))
            #expect(abs(try secondsToLive() - 100) < 10)
            #expect(try await backplane.enter("b", into: set, until: now + 200_000, now: now, limit: 9))
            #expect(abs(try secondsToLive() - 200) < 10)
            #expect(try await backplane.enter("c", into: set, until: now + 10_000, now: now, limit: 9))
            #expect(abs(try secondsToLive() - 200) < 10)
        }
    }
}
