import HubBackplane
import NIOCore
import Testing

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

@Suite("Keys of every backplane", .timeLimit(.minutes(1)))
struct KeyConformanceTests {
    @Test(arguments: BackplaneKind.allCases)
    func aKeyIsSetAndRead(kind: BackplaneKind) async throws {
        try await withBackplane(kind) { backplane, names async throws in
            let key = names.connectionClaim("c")
            #expect(try await backplane.get(key) == nil)
            #expect(try await backplane.set(key, to: "one", timeToLive: .seconds(60), onlyIfAbsent: false))
            #expect(try await backplane.set(key, to: "two", timeToLive: .seconds(60), onlyIfAbsent: false))
            #expect(try await backplane.get(key) == "two")
        }
    }

    @Test(arguments: BackplaneKind.allCases)
    func onlyTheFirstClaimIsAccepted(kind: BackplaneKind) async throws {
        try await withBackplane(kind) { backplane, names in
            let key = names.connectionClaim("c")
            let winners = try await withThrowingTaskGroup(of: Bool.self) { group in
                for number in 0..<32 {
                    group.addTask {
                        try await backplane.set(
                            key, to: ByteBuffer(string: "\(number)"), timeToLive: .seconds(60), onlyIfAbsent: true)
                    }
                }
                return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
            }
            #expect(winners == 1)
        }
    }

    @Test(arguments: BackplaneKind.allCases)
    func aKeyExpiresAndCanBeClaimedAgain(kind: BackplaneKind) async throws {
        try await withBackplane(kind) { backplane, names in
            let key = names.connectionClaim("c")
            #expect(try await backplane.set(key, to: "a", timeToLive: BackplaneKind.shortLife, onlyIfAbsent: true))
            try await eventually { try await backplane.get(key) == nil }
            #expect(try await backplane.set(key, to: "b", timeToLive: .seconds(60), onlyIfAbsent: true))
        }
    }

    @Test(arguments: BackplaneKind.allCases)
    func expireRenewsKeysAndLogs(kind: BackplaneKind) async throws {
        try await withBackplane(kind) { backplane, names in
            let stream = names.stream("s")
            let life = Duration.seconds(3)
            _ = try await backplane.append(stream.entry(1, 0, "open", creates: true, timeToLive: life))
            _ = try await backplane.set(stream.meta, to: "kept", timeToLive: life, onlyIfAbsent: false)
            _ = try await backplane.set(stream.stop, to: "dropped", timeToLive: life, onlyIfAbsent: false)
            backplane.expire([stream.meta, stream.log, names.connectionClaim("none")], after: .seconds(60))
            try await eventually { try await backplane.get(stream.stop) == nil }
            #expect(try await backplane.get(stream.meta) == "kept")
            #expect(try await backplane.lastEntry(of: stream.log)?.payload == "open")
            #expect(try await backplane.get(names.connectionClaim("none")) == nil)
            backplane.expire([stream.meta], after: .milliseconds(1))
            try await eventually { try await backplane.get(stream.meta) == nil }
        }
    }

    @Test(arguments: BackplaneKind.allCases)
    func theClockIsTheWallClock(kind: BackplaneKind) async throws {
        try await withBackplane(kind) { backplane, _ in
            let time = try await backplane.time()
            #expect(abs(Double(time) / 1000 - Date().timeIntervalSince1970) < 5)
            #expect(try await backplane.time() >= time)
        }
    }
}
